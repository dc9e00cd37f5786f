/** Starts the demo shop's page. */

import { createTranslate, TRANSLATE } from "@baton/shared";
import zhCN from "@baton/shared/locales/zh-CN";
import "@baton/shared/tokens.css";
import { createApp } from "vue";
import DemoShop from "./DemoShop.vue";
import "./demo.css";
import words from "./words.json";

document.documentElement.setAttribute("data-theme", "light");
createApp(DemoShop)
  .provide(TRANSLATE, createTranslate({ ...zhCN, demo: words }))
  .mount("#app");
