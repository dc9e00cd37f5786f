/** Private notes (`contracts/desk_http.md`): what agents write to each other beside a conversation. */

export interface PrivateNote {
  note_id: string;
  conversation_id: string;
  client_id: string;
  /** the event behind which the note belongs */
  after_seq: number;
  agent: { agent_id: string; display_name: string };
  text: string;
  at: string;
}
