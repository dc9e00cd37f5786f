/** The customer view in one piece with its styles, fetched when an agent first looks at a customer. */

import { addSheet } from "../../features/sheet";
import CustomerTab from "./CustomerTab.vue";
import styles from "./customer.css?inline";

addSheet(styles);

export default CustomerTab;
