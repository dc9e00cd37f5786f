/** Pages: signing in, and the workplace with or without a conversation. */

import { createRouter, createWebHistory, type Router } from "vue-router";
import { useSession } from "./stores/session";
import LoginPage from "./views/LoginPage.vue";
import WorkPlace from "./views/WorkPlace.vue";

export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHistory("/console/"),
    routes: [
      { path: "/login", name: "login", component: LoginPage },
      { path: "/", name: "desk", component: WorkPlace },
      { path: "/c/:conversation", name: "conversation", component: WorkPlace },
      { path: "/:rest(.*)*", redirect: { name: "desk" } },
    ],
  });
  router.beforeEach((to) => {
    const session = useSession();
    if (to.name !== "login" && !session.agent) return { name: "login", query: { next: to.fullPath } };
    if (to.name === "login" && session.agent) return { name: "desk" };
    return true;
  });
  return router;
}
