// Opens a page in a browser, in every way that it is looked at, and prints as JSON what is wrong with it.
//   node look.mjs BROWSER PAGE [DIRECTORY FOR SCREENSHOTS]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [, , executablePath, page, pictures] = process.argv;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WAYS = [
  ["desktop-light", 1280, 900, "light"],
  ["desktop-dark", 1280, 900, "dark"],
  ["phone-light", 390, 844, "light"],
  ["phone-dark", 390, 844, "dark"],
];
// What axe cannot tell: text in a picture, whose colours tests/views/test_colours.py looks at, and signs beside words.
const PICTURES = /^<(text|span class="sign)/;

const FEW = 20; // of a large report some tests are looked at: they are all alike, and axe takes a second for each
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox"] });
const found = {};
for (const [name, width, height, scheme] of WAYS) {
  const tab = await browser.newPage();
  await tab.setViewport({ width, height });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  const requests = [];
  const said = [];
  tab.on("request", (request) => requests.push(request.url()));
  tab.on("console", (message) => said.push(message.text()));
  tab.on("pageerror", (error) => said.push(String(error)));
  tab.on("dialog", (dialog) => (said.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  const address = pathToFileURL(page).href;
  await tab.goto(address);
  if (pictures) await tab.screenshot({ path: `${pictures}/health-report-${name}.png` });
  const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const outside = requests.filter((url) => url !== address && !url.startsWith("data:"));
  const console = [...said];

  // axe is a script, which the page's own policy forbids: it is looked at once more, without the policy.
  await tab.setBypassCSP(true);
  await tab.goto(address);
  await tab.evaluate((few) => {
    const folded = [...document.querySelectorAll("details")];
    folded.slice(0, few).forEach((each) => (each.open = true));
    document.querySelectorAll(".test-case:not([open])").forEach((each, place) => place > few && each.remove());
  }, FEW);
  await tab.evaluate(axe);
  const results = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations", "incomplete"] }));
  const told = (rules) =>
    rules.flatMap((rule) =>
      rule.nodes.filter((node) => !PICTURES.test(node.html)).map((node) => `${rule.id}: ${node.html.slice(0, 120)}`),
    );
  found[name] = {
    console,
    outside,
    overflow,
    violations: told(results.violations),
    unclear: told(results.incomplete),
    passed: results.passes.length,
  };
  await tab.close();
}
await browser.close();
process.stdout.write(JSON.stringify(found));
