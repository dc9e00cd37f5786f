/** The shapes of contracts/chat_socket.md, messages.md and desk_http.md, as the front ends see them. */

export type Sender = "customer" | "bot" | "agent" | "system";
export type ConversationState = "bot" | "queued" | "active" | "wrap_up" | "closed";
export type Priority = "urgent" | "high" | "normal" | "low";
export type EmotionFamily = "angry" | "anxious" | "disappointed" | "neutral" | "pleased";
export type HandoffState = "queued" | "active" | "resolved" | "cancelled" | "handed_back";
export type Presence = "online" | "busy" | "break" | "offline";

export type EventType =
  | "message"
  | "handoff_queued"
  | "handoff_cancelled"
  | "agent_joined"
  | "agent_left"
  | "handed_back"
  | "conversation_resolved"
  | "rating_requested"
  | "rated"
  | "conversation_reopened"
  | "supervisor_joined"
  | "supervisor_left"
  | "service_paused"
  | "service_resumed"
  | "service_late"
  | "case_kept"
  | "contact_noted";

export interface Button {
  title: string;
  payload: string;
}

export interface Step {
  text: string;
  done: boolean;
}

export interface OrderItem {
  title: string;
  sku_text?: string | null;
  quantity: number;
}

export interface OrderCard {
  type: "order";
  order_id: string;
  status: string;
  status_text: string;
  placed_at: string;
  amount_fen: number;
  items: OrderItem[];
  eta_text?: string | null;
}

export interface OrderListEntry {
  order_id: string;
  status_text: string;
  placed_at: string;
  amount_fen: number;
  title: string;
  payload: string;
}

export interface OrderListCard {
  type: "order_list";
  orders: OrderListEntry[];
}

export interface LogisticsCard {
  type: "logistics";
  order_id: string;
  tracking_number: string;
  carrier: string;
  steps: Step[];
  /** newest first, at most five */
  events: { at: string; text: string }[];
  anomaly_text?: string | null;
  eta_text?: string | null;
  courier_phone?: string | null;
}

export interface RefundCard {
  type: "refund";
  refund_id: string;
  order_id: string;
  amount_fen: number;
  steps: Step[];
  eta_text?: string | null;
}

export interface PointsCard {
  type: "points";
  balance: number;
  lots: { points: number; expires_at: string }[];
}

export interface CouponEntry {
  coupon_id: string;
  title: string;
  discount_fen: number;
  /** 0: no minimum */
  threshold_fen: number;
  /** what it is limited to, in words; null for everything */
  scope_text: string | null;
  valid_from: string;
  expires_at: string;
  state: "usable" | "upcoming" | "used" | "expired";
  used_order_id?: string | null;
}

export interface CouponsCard {
  type: "coupons";
  coupons: CouponEntry[];
}

/** How far a transaction's questions are, the way back and the way out. */
export interface FormCard {
  type: "form";
  title: string;
  /** counts from 1 */
  step: number;
  /** null before the first answer, which decides */
  steps: number | null;
  actions: Button[];
}

export type KnownCard = FormCard | OrderCard | OrderListCard | LogisticsCard | RefundCard | PointsCard | CouponsCard;
/** A card of a later version: shown by its `text` alone. */
export interface UnknownCard {
  type: string;
  text?: string;
}
export type Card = KnownCard | UnknownCard;

export interface Emotion {
  family: EmotionFamily;
  /** 0..3 */
  intensity: number;
  confidence?: number;
}

export interface Understanding {
  intents: { name: string; confidence: number }[];
  emotion: Emotion | null;
  entities?: { entity: string; value: string }[];
}

/** A file of a message; addresses are relative to the desk and need the conversation's token or the agent's login. */
export interface Attachment {
  id: string;
  kind: "image" | "video" | "document";
  name: string;
  bytes: number;
  width?: number;
  height?: number;
  url: string;
  thumbnail_url?: string;
}

export interface ChatEvent {
  conversation: string;
  /** gap-free from 1 */
  seq: number;
  type: EventType;
  sender: Sender;
  message_id: string;
  client_id?: string | null;
  text?: string | null;
  buttons?: Button[] | null;
  card?: Card | null;
  attachments?: Attachment[] | null;
  agent?: { display_name: string; agent_id?: string } | null;
  /** ISO 8601, UTC */
  at: string;
  /** only agents receive it */
  understanding?: Understanding | null;
}

export interface QueueInfo {
  position: number;
  expected_wait_seconds: number | null;
  /** an agent is online; an older desk does not say */
  on_duty?: boolean;
  /** the next opening by the calendar, null while it is open */
  next_open_at?: string | null;
  /** the phone number the customer left, masked */
  contact?: string | null;
}

/** The number of the last event each side has seen. */
export interface ReadMarks {
  customer: number;
  agent: number;
}

export interface ConversationStatus {
  /** an older desk does not say */
  read?: ReadMarks;
  state: ConversationState;
  queue: QueueInfo | null;
  agent: { display_name: string; agent_id?: string } | null;
}

export interface ErrorBody {
  code: string;
  message: string;
  /** too fast: when trying again can succeed */
  retry_after_seconds?: number;
}

/** What the desk takes; an older desk does not say. */
export interface Limits {
  message_characters: number;
  attachments: { types: string[]; a_message: number; image_bytes: number; video_bytes: number; document_bytes: number };
}

export interface Page {
  url?: string;
  title?: string;
  order_id?: string | null;
  product_id?: string | null;
}

export interface WelcomeFrame {
  type: "welcome";
  seq: number;
  state: ConversationState;
  queue: QueueInfo | null;
  agent: { display_name: string; agent_id?: string } | null;
  limits?: Limits;
  read?: ReadMarks;
}

export interface AckFrame {
  type: "ack";
  cid: string;
  message_id: string;
  seq: number;
  /** only towards agents */
  conversation?: string;
}


export interface HandoffRow {
  id: string;
  conversation_id: string;
  state: HandoffState;
  priority: Priority;
  headline: string;
  skill_group: string;
  emotion: { family: EmotionFamily; intensity: number } | null;
  customer_name: string;
  queued_at: string;
  claimed_at: string | null;
  agent: { agent_id: string; display_name: string } | null;
}

/** Any JSON object of the socket; `type` says what it is. */
export interface Frame {
  type: string;
  [key: string]: unknown;
}
