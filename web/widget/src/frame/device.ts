/** What a technician asks first: which system and which browser. */

type Rule = [RegExp, (match: RegExpMatchArray) => string];

const dotted = (version: string | undefined) => (version ?? "").replace(/_/g, ".");

const SYSTEMS: Rule[] = [
  [/OpenHarmony|HarmonyOS/, () => "HarmonyOS"],
  [/(?:iPhone|iPad).*? OS ([\d_]+)/, (match) => `iOS ${dotted(match[1])}`],
  [/Android ([\d.]+)/, (match) => `Android ${match[1]}`],
  [/Windows NT 10/, () => "Windows 10/11"],
  [/Windows NT ([\d.]+)/, (match) => `Windows NT ${match[1]}`],
  [/Mac OS X ([\d_]+)/, (match) => `macOS ${dotted(match[1])}`],
  [/Linux/, () => "Linux"],
];

const BROWSERS: Rule[] = [
  [/MicroMessenger\/([\d.]+)/, (match) => `WeChat ${match[1]}`],
  [/AlipayClient\/([\d.]+)/, (match) => `Alipay ${match[1]}`],
  [/HuaweiBrowser\/([\d]+)/, (match) => `Huawei Browser ${match[1]}`],
  [/Edg\/(\d+)/, (match) => `Edge ${match[1]}`],
  [/Firefox\/(\d+)/, (match) => `Firefox ${match[1]}`],
  [/(?:Chrome|CriOS)\/(\d+)/, (match) => `Chrome ${match[1]}`],
  [/Version\/([\d.]+).*Safari/, (match) => `Safari ${match[1]}`],
];

/** "iOS 17.1" and "WeChat 8.0.44" out of a browser's name for itself; "" for what is not recognised. */
export function parseDevice(userAgent: string): { system: string; browser: string } {
  return { system: firstOf(SYSTEMS, userAgent), browser: firstOf(BROWSERS, userAgent) };
}

function firstOf(rules: Rule[], userAgent: string): string {
  for (const [pattern, name] of rules) {
    const match = userAgent.match(pattern);
    if (match) return name(match);
  }
  return "";
}
