/** What the demo shop's page knows: its customers and their orders, asked of the desk. */

export type Tier = "normal" | "silver" | "gold" | "vip";

export interface DemoOrder {
  order_id: string;
  status: string;
  placed_at: string;
  amount_fen: number;
  title: string;
}

export interface DemoCustomer {
  customer_id: string;
  name: string;
  tier: Tier;
  phone: string;
  /** signed by the shop's server, as after a real login */
  identity: string;
  orders: DemoOrder[];
}

export type Tab = "all" | "unshipped" | "shipped" | "done" | "refund";

const TAB_OF: Record<string, Tab> = {
  pending_payment: "unshipped",
  unshipped: "unshipped",
  shipped: "shipped",
  delivered: "done",
  completed: "done",
  refunding: "refund",
  refunded: "refund",
};

const TIMEOUT_MS = 8000;

/** Null when this desk has no demo customers (BATON_DEMO is off) or cannot be reached. */
export async function fetchCustomers(): Promise<DemoCustomer[] | null> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
  try {
    const response = await fetch("/demo/customers", { signal: controller.signal });
    if (!response.ok) return null;
    return ((await response.json()) as { customers: DemoCustomer[] }).customers;
  } catch {
    return null; // the page says so and goes on as a visitor's
  } finally {
    clearTimeout(timer);
  }
}

export function ordersIn(orders: DemoOrder[], tab: Tab): DemoOrder[] {
  return tab === "all" ? orders : orders.filter((order) => TAB_OF[order.status] === tab);
}

/** One customer of each tier, in the order of the tiers: the ones to try first. */
export function featured(customers: DemoCustomer[]): DemoCustomer[] {
  const tiers: Tier[] = ["normal", "silver", "gold", "vip"];
  return tiers.flatMap((tier) => customers.find((customer) => customer.tier === tier) ?? []);
}
