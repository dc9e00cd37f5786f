/** Starts the chat in its frame. */

import { applyTheme, createTranslate, loadMessages, matchLocale, TRANSLATE, type Locale, type Translate } from "@baton/shared";
import "@baton/shared/tokens.css";
import "@baton/shared/text.css";
import { createApp, shallowRef } from "vue";
import App from "./App.vue";
import { connectToShop } from "./bridge";
import { loadCards } from "./cards";
import { Chat } from "./chat";
import "./frame.css";
import { applySize } from "./preferences";

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
  applySize();
  await speak("zh-CN");
  // First the shop's page is asked who is there: it answers while the chat is being drawn.
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
  const t: Translate = (key, values) => current.value(key, values);
  createApp(App, { chat }).provide(TRANSLATE, t).mount("#app");
  await loadCards();
}

void start();
