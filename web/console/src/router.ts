/** Pages: signing in, choosing a password, the workplace with or without a conversation, accounts. */

import { createRouter, createWebHistory, type Router } from "vue-router";
import { useSession } from "./stores/session";
import LoginPage from "./views/LoginPage.vue";
import PasswordPage from "./views/PasswordPage.vue";
import WorkPlace from "./views/WorkPlace.vue";

export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHistory("/console/"),
    routes: [
      { path: "/login", name: "login", component: LoginPage },
      { path: "/", name: "desk", component: WorkPlace },
      { path: "/c/:conversation", name: "conversation", component: WorkPlace },
      { path: "/password", name: "password", component: PasswordPage },
      { path: "/accounts", name: "accounts", component: () => import("./views/AccountsPage.vue") },
      { path: "/wall", name: "wall", component: () => import("./views/WallPage.vue"), meta: { leads: true } },
      { path: "/reports", name: "reports", component: () => import("./views/ReportsPage.vue"), meta: { leads: true } },
      { path: "/actions", name: "actions", component: () => import("./views/ActionsPage.vue"), meta: { leads: true } },
      { path: "/playbook", name: "playbook", component: () => import("./views/PlaybookPage.vue"), meta: { leads: true } },
      { path: "/:rest(.*)*", redirect: { name: "desk" } },
    ],
  });
  router.beforeEach((to) => {
    const session = useSession();
    if (to.name !== "login" && !session.agent) return { name: "login", query: { next: to.fullPath } };
    if (!session.agent) return true;
    if (to.name === "login") return { name: "desk" };
    if (session.mustChangePassword && to.name !== "password") return { name: "password", query: { next: to.fullPath } };
    if (to.name === "password" && !session.mustChangePassword) return { name: "desk" };
    if (to.name === "accounts" && !session.isAdministrator) return { name: "desk" };
    if (to.meta.leads && !session.isSupervisor) return { name: "desk" };
    return true;
  });
  return router;
}
