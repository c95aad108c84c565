// The words and numbers beside the canvas, as elements.

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

// A row for each hypothesis: a button that shows it alone, its weight, its error if the truth is known.
function hypothesisRows(scene, alone) {
  return scene.weights.map((weight, index) => {
    const button = element("button", String(index + 1));
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", `Show hypothesis ${index + 1} alone`);
    button.addEventListener("click", () => alone(index));
    const share = element("td", `${Math.round(100 * weight)} %`);
    const meter = document.createElement("meter");
    meter.value = weight;
    meter.setAttribute("aria-hidden", "true"); // the number is beside it
    share.prepend(meter);
    const first = document.createElement("td");
    first.append(button);
    const row = document.createElement("tr");
    row.append(first, share, element("td", scene.errors ? `${scene.errors[index].toFixed(0)} mm` : ""));
    return row;
  });
}

// A bar for each pose's error, which a click chooses; none unless all errors are known.
function errorBars(scenes, choose) {
  const errors = scenes.map((scene) => scene.error);
  if (scenes.length < 2 || errors.some((error) => error === null)) {
    return [];
  }
  return errors.map((error, index) => {
    const bar = document.createElement("span");
    bar.style.height = `${(100 * error) / Math.max(...errors)}%`;
    bar.title = `${scenes[index].label}: ${error.toFixed(0)} mm`;
    bar.addEventListener("click", () => choose(index));
    return bar;
  });
}

// The joints' names at these places of the canvas; one that would cover another is moved down.
function nameLabels(names, places) {
  const taken = [];
  return places.map(([x, y], joint) => {
    const label = element("span", names[joint]);
    const place = [Math.round(x) + 8, Math.round(y) - 6];
    while (taken.some(([left, top]) => Math.abs(left - place[0]) < 62 && Math.abs(top - place[1]) < 14)) {
      place[1] += 7;
    }
    taken.push(place);
    label.style.transform = `translate(${place[0]}px, ${place[1]}px)`;
    return label;
  });
}

function widestWords({ spread, skeleton }) {
  const order = spread.map((size, joint) => [size, joint]).sort((a, b) => b[0] - a[0]);
  const words = order.slice(0, 3).map(([size, joint]) => `${skeleton.names[joint]} ${size} mm`);
  return `Largest spread between hypotheses: ${words.join(", ")}.`;
}

// What a pose is, its error and its place among the others.
function sceneWords(scene, index, count) {
  const error = scene.error === null ? "" : `: ${scene.error.toFixed(0)} mm`;
  const note = scene.note ? ` (${scene.note})` : "";
  return `${scene.label}${error}${note}${count > 1 ? `, pose ${index + 1} of ${count}` : ""}`;
}
