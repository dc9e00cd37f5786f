/** Opens the large view over the whole page, wherever in it the picture is. */

import { createApp } from "vue";
import { TRANSLATE, type Translate } from "../i18n/translate";
import type { Attachment } from "../protocol/types";
import LightBox from "./LightBox.vue";
import type { FileSource } from "./transfer";

export function openLarge(files: readonly Attachment[], start: number, source: FileSource, t: Translate): void {
  const host = document.body.appendChild(document.createElement("div"));
  const close = () => {
    app.unmount();
    host.remove();
  };
  const app = createApp(LightBox, { files, start, source, onClose: close }).provide(TRANSLATE, t);
  app.mount(host);
}
