// The scene of three.js that shows one pose. `figure` has what is measured in the camera's axes, turned so that up is up.

const LEAST = 0.02; // of the largest weight: a hypothesis below it is drawn only if it is chosen

class Model {
  constructor() {
    this.scene = new THREE.Scene();
    this.figure = new THREE.Group();
    this.ground = new THREE.Group();
    this.lamp = new THREE.DirectionalLight(0xffffff, 0.55);
    this.scene.add(this.figure, this.ground, this.lamp, this.lamp.target, new THREE.AmbientLight(0xffffff, 0.55));
  }

  // Replace what is shown. `state`: truth, spread, camera, input (booleans), only (a hypothesis or null), mesh (index).
  show(scene, state, colors) {
    for (const group of [this.figure, this.ground]) {
      dispose(group);
      group.clear();
    }
    this.shown = scene;
    const least = LEAST * Math.max(...scene.weights);
    this.drawn = scene.hypotheses.filter((_, index) => scene.weights[index] >= least || index === state.only);
    this.scene.background = new THREE.Color(colors.ground);
    this.figure.quaternion.setFromUnitVectors(scene.up, UPRIGHT);
    const spread = state.spread && scene.ellipsoids;
    this.addHypotheses(scene, state, colors, spread ? 0.2 : 1);
    if (state.truth && scene.truth) {
      const dark = { left: colors.true, right: colors.true, middle: colors.true };
      this.figure.add(skeletonOf(scene.truth, scene.skeleton, dark, 0.0075, 1));
    }
    if (spread) {
      this.figure.add(skeletonOf(scene.mean, scene.skeleton, colors, 0.013, 1), ellipsoidsOf(scene, colors.spread));
    }
    const mesh = scene.meshes[state.mesh];
    if (mesh) {
      this.figure.add(meshOf(mesh, colors));
    }
    if (state.camera && state.input && scene.lens && scene.input) {
      this.figure.add(this.inputOf(scene, colors));
    }
    this.figure.updateMatrixWorld(true);
    const vertices = mesh ? mesh.vertices.map((place) => this.placed(place)) : [];
    const body = (scene.truth || scene.mean).map((place) => this.placed(place));
    if (!state.camera) {
      const lowest = Math.min(...body.map((place) => place.y - 0.05), ...vertices.map((place) => place.y));
      this.ground.add(groundOf(lowest, body, scene.skeleton, colors));
    }
    this.measure(scene, vertices);
  }

  // The likeliest is opaque, the others as opaque as their weight in comparison; all are paler around the mean of the
  // spread. The likeliest is drawn last.
  addHypotheses(scene, state, colors, strength) {
    const most = Math.max(...scene.weights);
    const order = scene.weights.map((_, index) => index).sort((a, b) => scene.weights[a] - scene.weights[b]);
    for (const index of order.filter((one) => scene.weights[one] >= LEAST * most || one === state.only)) {
      const alone = state.only === index;
      const faded = strength * (state.only === null ? 1 : 0.15);
      const opacity = alone ? 1 : Math.max(0.06, scene.weights[index] / most) * faded;
      const radius = scene.weights[index] === most || alone ? 0.013 : 0.011;
      const group = skeletonOf(scene.hypotheses[index], scene.skeleton, colors, radius, opacity);
      group.children.forEach((part) => (part.renderOrder = alone ? order.length : order.indexOf(index)));
      this.figure.add(group);
    }
  }

  // Rings where the 2D input says the joints are, on the rays through them, as far away as the pose's root.
  inputOf(scene, colors) {
    const group = new THREE.Group();
    const look = new THREE.MeshBasicMaterial({ color: colors.input, depthTest: false, transparent: true });
    const away = -scene.lens.root.z;
    for (const [across, up] of inputSlopes(scene)) {
      const ring = new THREE.Mesh(new THREE.TorusGeometry(0.028, 0.004, 8, 24), look);
      ring.position.set(across * away, up * away, -away).sub(scene.lens.root);
      ring.renderOrder = 1000;
      group.add(ring);
    }
    return group;
  }

  // Where a point in the camera's axes is in the world, whose y is up.
  placed(point) {
    return point.clone().applyQuaternion(this.figure.quaternion);
  }

  // The middle and the radius of a ball around all that is shown.
  measure(scene, vertices) {
    const joints = [...this.drawn.flat(), ...(scene.truth || [])].map((point) => this.placed(point));
    const points = [...joints, ...vertices];
    const box = new THREE.Box3().setFromPoints(points);
    this.middle = box.getCenter(new THREE.Vector3());
    this.radius = Math.max(...points.map((point) => point.distanceTo(this.middle)), 0.3) + 0.08;
  }
}
