/** Strings that would become elements, handlers or something else than text where they are taken for markup. */

/** The name of the variable that a payload sets when it runs. */
export const WITNESS = 'hostileStringRan';

const RUN = `window.${WITNESS}=1`;

const ELEMENTS = [
  `<img src=x onerror="${RUN}">`,
  `<svg onload="${RUN}">`,
  `<script>${RUN}</script>`,
  `<iframe srcdoc="<script>parent.${WITNESS}=1</script>"></iframe>`,
  `<body onload="${RUN}">`,
  `<details open ontoggle="${RUN}">`,
  `<input autofocus onfocus="${RUN}">`,
  `<video><source onerror="${RUN}"></video>`,
  `<math><mtext></mtext><mglyph><style><img src=x onerror="${RUN}"></style></mglyph></math>`,
  `<a href="javascript:${RUN}">x</a>`,
  `<form><button formaction="javascript:${RUN}">x</button></form>`,
  `<style>@import 'x'</style>`,
  `<base href="//example.com/">`,
  `<meta http-equiv="refresh" content="0;url=//example.com/">`,
  `<object data="javascript:${RUN}"></object>`,
  `<marquee onstart="${RUN}">x</marquee>`,
  `<b>bold</b>`,
  `<!-- comment -->`,
  `<![CDATA[ x ]]>`,
  `<template><img src=x onerror="${RUN}"></template>`,
];

/** What could end an attribute, an element or a template before it. */
const OPENINGS = ['', '"', "'", '">', "'>", '</td>', '</textarea>', '--></script>', '{{', '%s%h%d'];

const OTHERS = [
  `javascript:${RUN}`,
  `" onmouseover="${RUN}" x="`,
  `' onfocus='${RUN}' autofocus x='`,
  '&lt;img src=x&gt;',
  '&#60;b&#62;',
  '%n%s%x',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '\\u003cimg src=x\\u003e',
  '\u202eevil',
  '\u0000\u0007\u001b[31m',
  '\ud800',
  '\n\r\t',
  "'; DROP TABLE rules; --",
  '$(reboot)',
  '`reboot`',
  '../../etc/passwd',
  '{{7*7}}',
  '${7*7}',
  'x'.repeat(5000),
];

/** 200 of them and more, each once. */
export function hostileStrings(): string[] {
  const built = ELEMENTS.flatMap((element) => OPENINGS.map((opening) => opening + element));
  return [...new Set([...built, ...OTHERS])];
}
