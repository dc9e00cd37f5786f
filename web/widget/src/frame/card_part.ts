/** The cards with their style sheet. */

import styles from "@baton/shared/cards.css?inline";
import { addStyles } from "./styles";

export { default } from "@baton/shared/cards";

addStyles(styles);
