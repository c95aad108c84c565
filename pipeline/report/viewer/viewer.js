// The controls. `section.viewer` has the viewer, for a console or a test.

const COLORS = ["ground", "quiet", "grid", "true", "left", "right", "middle", "spread", "input", "mesh", "skin"];

class Viewer {
  constructor(section) {
    this.section = section;
    this.canvas = this.find("canvas");
    this.groups = read(this.find("#viewer-data"));
    this.state = { camera: false, truth: true, spread: false, input: true, names: false, only: null, mesh: -1 };
    this.model = new Model();
    this.view = new View();
    this.renderer = new THREE.WebGLRenderer({ canvas: this.canvas, antialias: true });
    this.group = this.groups[0];
    this.index = 0;
  }

  find(selector) {
    return this.section.querySelector(selector);
  }

  every(selector) {
    return [...this.section.querySelectorAll(selector)];
  }

  get scene() {
    return this.group.scenes[this.index];
  }

  start() {
    for (const part of this.every("[hidden]:not(.viewer-play)")) {
      part.hidden = false;
    }
    this.find(".viewer-still").hidden = true;
    this.listen();
    this.choose(0);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.rebuild());
  }

  // --- what is shown ---

  choose(number) {
    this.pause();
    this.group = this.groups[number];
    this.find(".viewer-note").textContent = this.group.note;
    this.state.mesh = this.group.scenes[0].meshes.findIndex((mesh) => mesh.corners === 3); // a body is shown at once
    const slider = this.find("input");
    slider.max = this.group.scenes.length - 1;
    this.find(".viewer-play").hidden = !this.group.framesPerSecond;
    this.find(".viewer-slide").hidden = this.group.scenes.length < 2;
    this.showBars();
    this.go(0);
  }

  go(index) {
    this.index = Math.max(0, Math.min(this.group.scenes.length - 1, index));
    this.state.only = null;
    this.find("input").value = this.index;
    this.showMeshes();
    this.showHypotheses();
    this.every(".viewer-bars span").forEach((bar, place) => bar.classList.toggle("viewer-here", place === this.index));
    this.find(".viewer-label").textContent = this.words();
    this.find("input").setAttribute("aria-valuetext", this.words());
    this.rebuild();
  }

  words() {
    return sceneWords(this.scene, this.index, this.group.scenes.length);
  }

  rebuild() {
    const style = getComputedStyle(this.section);
    this.colors = Object.fromEntries(COLORS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    for (const [name, there] of Object.entries(this.available())) {
      this.find(`[data-switch="${name}"]`).disabled = !there;
      const shown = there && this.state[name];
      this.find(`[data-switch="${name}"]`).setAttribute("aria-pressed", Boolean(shown));
      this.every(`.viewer-of-${name}`).forEach((part) => (part.hidden = !shown));
    }
    this.showWidest();
    this.canvas.setAttribute("aria-label", `Pose in 3D: ${this.words()}`);
    this.model.show(this.scene, this.state, this.colors);
    this.draw();
  }

  available() {
    const { truth, spread, input, lens } = this.scene;
    const rings = Boolean(input && lens && this.state.camera);
    return { camera: true, truth: Boolean(truth), spread: Boolean(spread), input: rings, names: true };
  }

  draw() {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!width || !height) {
      return;
    }
    this.renderer.setPixelRatio(Math.min(2, window.devicePixelRatio));
    this.renderer.setSize(width, height, false);
    this.view.place(this.model, width / height, this.state.camera);
    this.renderer.render(this.model.scene, this.view.eye);
    this.showNames(width, height);
  }

  // Where the joints of the hypotheses are on the canvas now, [K][J][2].
  projected() {
    const size = [this.canvas.clientWidth, this.canvas.clientHeight];
    return this.scene.hypotheses.map((pose) => this.view.onCanvas(this.model, pose, ...size));
  }

  showNames(width, height) {
    const likeliest = this.scene.hypotheses[this.scene.weights.indexOf(Math.max(...this.scene.weights))];
    const places = this.state.names ? this.view.onCanvas(this.model, likeliest, width, height) : [];
    this.find(".viewer-names").replaceChildren(...nameLabels(this.scene.skeleton.names, places));
  }

  showMeshes() {
    const select = this.find(".viewer-shape select");
    const labels = ["none", ...this.scene.meshes.map((mesh) => mesh.label)];
    this.state.mesh = Math.min(this.state.mesh, labels.length - 2);
    select.replaceChildren(...labels.map((label, index) => new Option(label, index - 1)));
    select.value = this.state.mesh;
    this.find(".viewer-shape").hidden = labels.length === 1;
  }

  showHypotheses() {
    this.find(".viewer-hypotheses").hidden = this.scene.weights.length < 2;
    this.find(".viewer-hypotheses tbody").replaceChildren(...hypothesisRows(this.scene, (index) => this.alone(index)));
  }

  alone(index) {
    this.state.only = this.state.only === index ? null : index;
    this.every(".viewer-hypotheses button").forEach((button, place) => {
      button.setAttribute("aria-pressed", String(place === this.state.only));
    });
    this.rebuild();
  }

  showWidest() {
    const text = this.find(".viewer-widest");
    text.hidden = !(this.scene.spread && this.state.spread);
    text.textContent = this.scene.spread ? widestWords(this.scene) : "";
  }

  showBars() {
    const bars = errorBars(this.group.scenes, (index) => this.go(index));
    this.find(".viewer-bars").replaceChildren(...bars);
    this.find(".viewer-bars").hidden = !bars.length;
  }

  // --- what the user does ---

  listen() {
    this.find(".viewer-group").addEventListener("change", (event) => this.choose(Number(event.target.value)));
    this.find("input").addEventListener("input", (event) => this.go(Number(event.target.value)));
    this.find(".viewer-shape select").addEventListener("change", (event) => {
      this.state.mesh = Number(event.target.value);
      this.rebuild();
    });
    for (const button of this.every("[data-switch]")) {
      button.addEventListener("click", () => this.press(button.dataset.switch));
    }
    for (const button of this.every("[data-turn]")) {
      button.addEventListener("click", () => this.turn(button.dataset.turn));
    }
    for (const button of this.every("[data-step]")) {
      button.addEventListener("click", () => this.go(this.index + Number(button.dataset.step)));
    }
    this.find(".viewer-play").addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("webglcontextlost", () => this.stop("WebGL stopped; a still picture is left"));
    listenToPointers(this.canvas, this);
  }

  key(event) {
    const turns = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", "+": "in", "=": "in", "-": "out" };
    const switches = { c: "camera", t: "truth", s: "spread", i: "input", n: "names", 0: "reset" };
    const steps = { PageUp: -1, PageDown: 1 };
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in turns) {
      this.turn(turns[event.key]);
    } else if (event.key in switches) {
      this.press(switches[event.key]);
    } else if (event.key in steps) {
      this.go(this.index + steps[event.key]);
    } else {
      return;
    }
    event.preventDefault();
  }

  press(name) {
    if (name === "reset") {
      this.view.reset();
      this.state.camera = false;
    } else if (this.available()[name]) {
      this.state[name] = !this.state[name];
      this.view.nearness = name === "camera" ? 1 : this.view.nearness;
    }
    this.rebuild();
  }

  turn(way) {
    if (way !== "in" && way !== "out") {
      this.leaveCamera();
    }
    this.view.turn(way);
    this.draw();
  }

  // Turning starts where the camera is.
  leaveCamera() {
    if (this.state.camera) {
      this.state.camera = false;
      this.view.startAtCamera(this.model);
      this.rebuild();
    }
  }

  // Nothing moves unless somebody asks for it, so `prefers-reduced-motion` needs no other way. A slow machine plays
  // slower, and its buttons still answer between two poses.
  play() {
    this.find(".viewer-play").textContent = "Pause";
    const duration = 1000 / this.group.framesPerSecond;
    let shown = null; // when the pose that is shown was due
    const step = (now) => {
      shown ??= now;
      if (now - shown >= duration) {
        shown = Math.max(shown + duration, now - duration);
        this.go((this.index + 1) % this.group.scenes.length);
      }
      this.playing = requestAnimationFrame(step);
    };
    this.playing = requestAnimationFrame(step);
  }

  pause() {
    cancelAnimationFrame(this.playing);
    this.playing = null;
    this.find(".viewer-play").textContent = "Play";
  }

  stop(reason) {
    this.pause();
    this.canvas.hidden = true;
    this.find(".viewer-turns").hidden = true;
    this.find(".viewer-names").replaceChildren();
    giveUp(this.section, reason);
  }
}

function giveUp(section, reason) {
  section.querySelector(".viewer-still").hidden = false;
  section.querySelector(".viewer-why").textContent = `${reason}.`;
}

const section = document.getElementById("viewer");
if (document.createElement("canvas").getContext("webgl2")) {
  section.viewer = new Viewer(section);
  section.viewer.start();
} else {
  giveUp(section, "A still picture: this browser has no WebGL, with which the pose could be turned");
}
