/** Starts the console: stores, language, appearance, the session of the cookie, then the first page. */

import { TRANSLATE } from "@baton/shared";
import "@baton/shared/tokens.css";
import "@baton/shared/messages.css";
import { createPinia } from "pinia";
import { createApp } from "vue";
import App from "./App.vue";
import { createDeskApi } from "./api/desk";
import { ApiError, createHttp } from "./api/http";
import { provideDesk } from "./api/provide";
import { fetchLater } from "./features/later";
import { i18n } from "./i18n";
import { makeRouter } from "./router";
import { useClock } from "./stores/clock";
import { usePreferences } from "./stores/preferences";
import { useSession } from "./stores/session";
import "./styles/base.css";

async function start(): Promise<void> {
  const app = createApp(App);
  app.use(createPinia());
  app.use(i18n);
  app.provide(TRANSLATE, (key, values) => i18n.global.t(key, values ?? {}));
  provideDesk(
    createDeskApi(
      createHttp({
        onUnauthorized: () => useSession().expire(),
        onSkew: (skewMs) => useClock().setSkew(skewMs),
      }),
    ),
  );
  useClock().start();
  await usePreferences().apply();
  try {
    await useSession().restore();
  } catch (error) {
    // The desk cannot be asked just now: the login page says so as soon as somebody tries.
    if (!(error instanceof ApiError)) throw error;
  }
  app.use(makeRouter());
  app.mount("#app");
  fetchLater();
}

void start();
