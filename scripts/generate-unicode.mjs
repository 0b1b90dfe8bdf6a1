// Writes policy-compiler/runtime/assembly/regex/unicode-tables.ts from the Unicode data
// that this Node carries: general categories, scripts, and simple case folding.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const target = join(resolve(import.meta.dirname, ".."), "policy-compiler/runtime/assembly/regex/unicode-tables.ts");
const POINTS = 0x110000;

// Bit i of a category set is the i-th of these; unassigned points are in none (Go's tables have no Cn).
const CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cs".split(" ");
const SCRIPTS =
  `Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo
  Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Chorasmian Common
  Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan Egyptian_Hieroglyphs
  Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi Han Hangul
  Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian
  Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha
  Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi
  Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar
  Nabataean Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian
  Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage
  Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra
  Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Syloti_Nagri Syriac Tagalog
  Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic
  Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square`.split(/\s+/);

/** Runs [length, class] over all points; class 0 is none, else index + 1. */
function runsOf(patterns) {
  const classOf = new Uint8Array(POINTS);
  patterns.forEach((pattern, i) => {
    for (let point = 0; point < POINTS; point++) {
      if (pattern.test(String.fromCodePoint(point))) classOf[point] = i + 1;
    }
  });
  const runs = [];
  let from = 0;
  for (let point = 1; point <= POINTS; point++) {
    if (point < POINTS && classOf[point] === classOf[from]) continue;
    runs.push([point - from, classOf[from]]);
    from = point;
  }
  return runs;
}

/** Each run: class, then the length in groups of seven bits, lowest first. */
function encodeRuns(runs) {
  const bytes = [];
  for (const [length, kind] of runs) {
    bytes.push(kind);
    let rest = length;
    while (rest >= 0x80) {
      bytes.push((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    bytes.push(rest);
  }
  return bytes;
}

/** Pairs of points that are equal but for their case, as runs [first, count, step, distance]. */
function foldRuns() {
  const partners = new Map();
  const join2 = (a, b) => {
    const orbit = new Set([a, b, ...(partners.get(a) ?? []), ...(partners.get(b) ?? [])]);
    for (const point of orbit) partners.set(point, orbit);
  };
  for (let point = 0; point < POINTS; point++) {
    if (point >= 0xd800 && point < 0xe000) continue;
    const text = String.fromCodePoint(point);
    for (const other of [text.toLowerCase(), text.toUpperCase()]) {
      if (other === text || [...other].length !== 1) continue;
      const pattern = `\\u{${point.toString(16)}}`;
      if (new RegExp(`^${pattern}$`, "iu").test(other)) join2(point, other.codePointAt(0));
    }
  }
  const pairs = [];
  for (const orbit of new Set(partners.values())) {
    const points = [...orbit].sort((a, b) => a - b);
    points.forEach((a, i) => {
      for (const b of points.slice(i + 1)) pairs.push([a, b]);
    });
  }
  pairs.sort((x, y) => x[1] - x[0] - (y[1] - y[0]) || x[0] - y[0]);
  const runs = [];
  for (const [a, b] of pairs) {
    const last = runs.at(-1);
    const step = last === undefined ? 0 : a - (last[0] + (last[1] - 1) * last[2]);
    if (last !== undefined && last[3] === b - a && (last[1] === 1 ? step <= 2 : step === last[2])) {
      last[1]++;
      last[2] = step;
    } else runs.push([a, 1, 1, b - a]);
  }
  return runs;
}

function rows(numbers) {
  let text = "";
  let line = "  ";
  for (const number of numbers) {
    line += `${number},`;
    if (line.length > 140) {
      text += `${line}\n`;
      line = "  ";
    }
  }
  return text + line;
}

const scripts = SCRIPTS.flatMap((name) => {
  try {
    return [[name, new RegExp(`\\p{Script=${name}}`, "u")]];
  } catch {
    return []; // not known to this Node
  }
});
const categories = encodeRuns(runsOf(CATEGORIES.map((name) => new RegExp(`\\p{${name}}`, "u"))));
const scriptRuns = encodeRuns(runsOf(scripts.map(([, pattern]) => pattern)));
const names = [...scripts.map(([name]) => name).join(" "), " "].map((letter) => letter.charCodeAt(0));
const folds = foldRuns();

writeFileSync(
  target,
  `// Generated by scripts/generate-unicode.mjs (Unicode ${process.versions.unicode}); a table, so longer than other files.

/** Categories in the order of the bits of a category set. */
export const CATEGORY_NAMES = "${CATEGORIES.join("")}";

/** Runs over all points: class (0 none, else category + 1), length as a varint. */
export const categoryRuns = memory.data<u8>([
${rows(categories)}
]);
export const CATEGORY_BYTES: i32 = ${categories.length};

/** The same with scripts. */
export const scriptRuns = memory.data<u8>([
${rows(scriptRuns)}
]);
export const SCRIPT_BYTES: i32 = ${scriptRuns.length};

/** Names of the scripts, each with a blank behind it. */
export const scriptNames = memory.data<u8>([
${rows(names)}
]);
export const SCRIPT_NAME_BYTES: i32 = ${names.length};

/** Points equal but for case: {first, count << 8 | step, distance}. */
export const foldRuns = memory.data<u32>([
${rows(folds.flatMap(([first, count, step, distance]) => [first, (count << 8) | step, distance]))}
]);
export const FOLD_RUNS: i32 = ${folds.length};
`,
);
console.log(`categories ${categories.length} B, scripts ${scriptRuns.length} B, folds ${folds.length} runs`);
