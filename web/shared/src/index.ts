/** What the widget and the console share. Styles: "@baton/shared/tokens.css", "@baton/shared/messages.css". */

export * from "./protocol/types";
export * from "./protocol/http";
export * from "./protocol/outbox";
export { backoffMs } from "./protocol/backoff";
export { EventLog } from "./protocol/event_log";
export { newClientId } from "./protocol/ids";
export {
  DEFAULT_TIMINGS,
  ReconnectingSocket,
  type ReconnectingOptions,
  type SocketStatus,
  type SocketTimings,
} from "./protocol/reconnecting";
export { CustomerConnection } from "./protocol/customer";
export {
  type Connectivity,
  type CustomerHandlers,
  type CustomerOptions,
  type CustomerTimings,
} from "./protocol/customer_options";

export { formatFen } from "./format/money";
export { formatClock, formatDate, formatDay, formatMoment, formatWait, sameDay } from "./format/time";
export { createTranslate, hasMessage, TRANSLATE, useTranslate, type Messages, type Translate } from "./i18n/translate";
export { useWords } from "./i18n/words";
export { loadMessages, LOCALES, matchLocale, type Locale } from "./i18n";
export { applyTheme, type Theme } from "./theme";

export { splitLinks, type TextPart } from "./messages/links";
export { default as CardView } from "./messages/CardView.vue";
export { default as MessageButtons } from "./messages/MessageButtons.vue";
export { default as MessageText } from "./messages/MessageText.vue";
export { default as StepBar } from "./messages/StepBar.vue";
