"use strict";
// Additions to pages that work without them: keys, copying, addresses that follow the layers.
const link = (id) => document.getElementById(id);
const keys = { ArrowLeft: "previous", ArrowRight: "following", u: "up" };
const layers = { b: "boxes", o: "outlines", l: "landmarks", n: "numbers", p: "predictions" };

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("textarea, select, input:not([type=checkbox]), .scroll, pre");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = link(keys[event.key]);
  const layer = link(`layer-${layers[event.key]}`);
  if (target) target.click();
  else if (layer) layer.click();
});

function followLayers() {
  const boxes = [...document.querySelectorAll(".switches input[type=checkbox]")];
  if (!boxes.length) return;
  const shown = boxes.filter((box) => box.checked).map((box) => box.value);
  const withLayers = (address) => {
    const url = new URL(address, location.href);
    url.searchParams.delete("layer");
    for (const name of ["none", ...shown]) url.searchParams.append("layer", name);
    return url.pathname + url.search;
  };
  history.replaceState(null, "", withLayers(location.href));
  for (const anchor of document.querySelectorAll("a[href^='/image/'], a[href='/'], a[href^='/?'], a[href^='/pairs/']"))
    anchor.setAttribute("href", withLayers(anchor.getAttribute("href")));
}
for (const box of document.querySelectorAll(".switches input[type=checkbox]"))
  box.addEventListener("change", followLayers);

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(link(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}
for (const hint of document.querySelectorAll(".hint")) hint.hidden = false;
// On a narrow window the filter starts closed, but for a problem in it; without this script it is open.
if (matchMedia("(max-width: 46rem)").matches && !link("problem"))
  for (const side of document.querySelectorAll("details.side")) side.open = false;
