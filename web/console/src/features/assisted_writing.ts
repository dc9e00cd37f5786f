/** What helps while writing a reply: the picker behind "/", suggested responses, gaps to fill, the wording check. */

import { computed, nextTick, onBeforeUnmount, ref, shallowRef, watch, type Ref } from "vue";
import type { EmotionFamily } from "@baton/shared";
import { insertCanned, slashAt, type Slash } from "../rules/canned";
import { firstGap, hintsOf, violations, type Violation } from "../rules/wording";
import { useAssist } from "../stores/assist";
import { useConversations } from "../stores/conversations";

/** the check waits until the typing pauses, ms */
const PAUSE_MS = 120;

export interface Writing {
  conversationId: Ref<string>;
  text: Ref<string>;
  emotion: Ref<EmotionFamily>;
  box: Ref<HTMLTextAreaElement | undefined>;
}

export function useAssistedWriting({ conversationId, text, emotion, box }: Writing) {
  const assist = useAssist();
  const conversations = useConversations();
  const slash = ref<Slash | null>(null);
  /** Esc closed the picker for this very "/" */
  const dismissed = ref(-1);
  const found = shallowRef<Violation[]>([]);
  const hints = computed(() => hintsOf(found.value));
  const gap = computed(() => firstGap(text.value));
  let timer = 0;

  watch(conversationId, (id) => {
    slash.value = null;
    void assist.read(id);
    void assist.readRules();
  }, { immediate: true });
  watch([text, emotion, () => assist.rules], () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(check, PAUSE_MS);
  }, { immediate: true });
  // What fits changes with what the customer says; the bot's reading of it comes a moment later.
  const stopEvents = conversations.onEvent((feed, event) => {
    if (feed.loaded && feed.id === conversationId.value && event.sender === "customer") void assist.read(feed.id);
  });
  onBeforeUnmount(() => {
    window.clearTimeout(timer);
    stopEvents();
  });

  function check(): void {
    found.value = violations(text.value, assist.rules, emotion.value);
  }

  /** The text or the caret has moved. */
  function look(): void {
    const field = box.value;
    const asked = field ? slashAt(field.value, field.selectionStart) : null;
    if (asked?.start !== dismissed.value) dismissed.value = -1;
    slash.value = asked && dismissed.value === -1 ? asked : null;
  }

  function dismiss(): void {
    dismissed.value = slash.value?.start ?? -1;
    slash.value = null;
  }

  /** Puts a response where "/" stands, or behind what is written, and selects the first gap. */
  async function insert(words: string): Promise<void> {
    const before = text.value;
    const at = slash.value ?? { start: before.length, query: "" };
    const separated = slash.value || before === "" || before.endsWith("\n") ? words : `\n${words}`;
    const done = slash.value
      ? insertCanned(before, at, separated)
      : { text: before + separated, caret: before.length + separated.length };
    slash.value = null;
    text.value = done.text;
    await select(firstGap(done.text, Math.min(at.start, done.text.length)) ?? [done.caret, done.caret]);
  }

  async function select([start, end]: readonly [number, number]): Promise<void> {
    await nextTick();
    box.value?.focus();
    box.value?.setSelectionRange(start, end);
  }

  /** What keeps the text from being sent: a rule that blocks, or a gap; it is shown. Null when it may go. */
  function obstacle(): "blocked" | "gap" | null {
    window.clearTimeout(timer);
    check();
    const blocking = hints.value.find((hint) => hint.rule.level === "block");
    if (blocking) {
      void select([blocking.start, blocking.end]);
      return "blocked";
    }
    if (gap.value) {
      void select(gap.value);
      return "gap";
    }
    return null;
  }

  return { assist, slash, hints, gap, look, dismiss, insert, select, obstacle };
}
