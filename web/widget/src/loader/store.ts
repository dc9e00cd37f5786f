/** Where the visitor's token is kept in the shop's page: localStorage, else a cookie, else memory. */

const MONTH_SECONDS = 2592000;

let memory = "";

export function readStore(key: string): string {
  try {
    return localStorage.getItem(key) || "";
  } catch (_forbidden) {
    const cookie = document.cookie.match(key + "=([^;]*)");
    return cookie ? decodeURIComponent(cookie[1]!) : memory;
  }
}

/** "" forgets. */
export function writeStore(key: string, value: string): void {
  memory = value;
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch (_forbidden) {
    document.cookie = `${key}=${encodeURIComponent(value)};path=/;SameSite=Lax;max-age=${value ? MONTH_SECONDS : 0}`;
  }
}
