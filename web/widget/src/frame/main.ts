/** Starts the chat in its frame. */

import { applyTheme, createTranslate, loadMessages, matchLocale, TRANSLATE, type Locale, type Translate } from "@baton/shared";
import "@baton/shared/tokens.css";
import "@baton/shared/messages.css";
import { createApp, shallowRef } from "vue";
import App from "./App.vue";
import { connectToShop } from "./bridge";
import { loadCards } from "./cards";
import { Chat } from "./chat";
import "./frame.css";

const chat = new Chat();
const current = shallowRef<Translate>((key) => key);
let locale: Locale | null = null;
let stopFollowing = applyTheme("auto");

async function speak(wanted: string | undefined): Promise<void> {
  const next = matchLocale(wanted);
  if (next === locale) return;
  locale = next;
  document.documentElement.lang = next;
  const messages = await loadMessages(next);
  if (locale === next) current.value = createTranslate(messages);
}

async function start(): Promise<void> {
  await speak("zh-CN");
  const t: Translate = (key, values) => current.value(key, values);
  createApp(App, { chat }).provide(TRANSLATE, t).mount("#app");
  const bridge = connectToShop(
    {
      onSession: (session) => chat.restore(session),
      onContext: (context) => {
        stopFollowing();
        stopFollowing = applyTheme(context.theme ?? "auto");
        void speak(context.locale);
        chat.follow(context);
      },
      onOpen: (open) => chat.setOpen(open),
    },
    decodeURIComponent(location.hash.slice(1)),
  );
  chat.attach(bridge);
  await loadCards();
}

void start();
