/** What the shop says about a customer (`contracts/shop_api.md`), as the desk passes it on. */

export interface CustomerProfile {
  customer_id: string;
  name: string;
  honorific?: string | null;
  phone?: string | null;
  tier: string;
  profile?: string | null;
  registered_at?: string | null;
  risk_tags?: string[];
  points_balance?: number;
  growth_value?: number;
  next_tier?: string | null;
  growth_to_next_tier?: number | null;
}

export interface OrderLine {
  line_id: string;
  title: string;
  sku_text?: string | null;
  quantity: number;
  unit_price_fen: number;
}

export interface ShopOrder {
  order_id: string;
  status: string;
  placed_at: string;
  paid_at?: string | null;
  ship_by?: string | null;
  shipped_at?: string | null;
  delivered_at?: string | null;
  completed_at?: string | null;
  hold?: { code: string; detail: string; expected_ship_at?: string | null } | null;
  amount_fen: number;
  lines: OrderLine[];
  recipient?: {
    name: string;
    phone: string;
    province: string;
    city: string;
    district: string;
    detail: string;
  } | null;
  note?: string | null;
  tracking_numbers?: string[];
}

export interface PointsLot {
  lot_id: string;
  points: number;
  expires_at: string;
  /** `order:<id>`, or words */
  source?: string;
}

export interface Coupon {
  coupon_id: string;
  title: string;
  threshold_fen: number;
  discount_fen: number;
  expires_at: string;
  state: "unused" | "used" | "expired";
  used_order_id?: string | null;
}

export interface CustomerAnswer {
  /** null for a visitor nobody vouched for */
  customer: CustomerProfile | null;
  orders: ShopOrder[];
  points: { balance: number; lots: PointsLot[] } | null;
  coupons: Coupon[];
}
