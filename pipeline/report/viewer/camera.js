// Where the viewer looks from: around the pose, or from the camera that took the picture.

const TURN = Math.PI / 18; // a key's turn
const STEEPEST = 1.45; // radians above or below the horizon
const FIELD = 30; // degrees
const UNKNOWN_DISTANCE = 5; // metres: of a camera that the data do not name
const MARGIN = 0.12; // of the picture, around what is shown

class View {
  constructor() {
    this.eye = new THREE.PerspectiveCamera(FIELD, 4 / 3, 0.05, 100);
    this.reset();
  }

  reset() {
    this.azimuth = 0.7; // radians from the camera's side
    this.elevation = 0.16;
    this.nearness = 1;
  }

  turn(way) {
    const turns = { left: [-TURN, 0], right: [TURN, 0], up: [0, TURN], down: [0, -TURN] };
    if (way in turns) {
      this.rotate(...turns[way]);
    } else {
      this.zoom(way === "in" ? 1.15 : 1 / 1.15);
    }
  }

  rotate(across, up) {
    this.azimuth += across;
    this.elevation = Math.max(-STEEPEST, Math.min(STEEPEST, this.elevation + up));
  }

  zoom(factor) {
    this.nearness = Math.max(0.4, Math.min(6, this.nearness * factor));
  }

  startAtCamera(model) {
    const seen = this.cameraOf(model).sub(model.middle);
    this.azimuth = 0;
    this.elevation = Math.atan2(seen.y, Math.hypot(seen.x, seen.z));
    this.nearness = 1;
  }

  // The camera's place in the world, relative to the pose's root.
  cameraOf(model) {
    const root = model.shown.lens ? model.shown.lens.root : new THREE.Vector3(0, 0, -UNKNOWN_DISTANCE);
    return model.placed(root.clone().negate());
  }

  place(model, aspect, fromCamera) {
    if (fromCamera) {
      this.fromCamera(model, aspect);
    } else {
      this.around(model, aspect);
    }
    const away = this.eye.position.distanceTo(model.middle);
    const depth = fromCamera ? 6 : 2.2;
    model.scene.fog = new THREE.Fog(model.scene.background, away - 0.2 * model.radius, away + depth * model.radius);
    model.lamp.position.copy(this.eye.position).add(new THREE.Vector3(-1.5, 2.5, 0).applyQuaternion(this.eye.quaternion));
    model.lamp.target.position.copy(model.middle);
    this.eye.updateMatrixWorld(true);
  }

  around(model, aspect) {
    const seen = this.cameraOf(model).sub(model.middle);
    const azimuth = Math.atan2(seen.x, seen.z) + this.azimuth;
    const narrow = Math.min(1, aspect);
    const half = Math.atan(Math.tan((FIELD * Math.PI) / 360) * narrow);
    const away = model.radius / Math.sin(half) / this.nearness;
    const level = Math.cos(this.elevation);
    const from = new THREE.Vector3(Math.sin(azimuth) * level, Math.sin(this.elevation), Math.cos(azimuth) * level);
    this.eye.position.copy(model.middle).addScaledVector(from, away);
    this.eye.up.copy(UPRIGHT);
    this.eye.lookAt(model.middle);
    this.eye.fov = FIELD;
    this.eye.aspect = aspect;
    this.eye.updateProjectionMatrix();
  }

  // The part of the camera's picture that holds all poses and the 2D input. Joints lie where they do in the picture.
  fromCamera(model, aspect) {
    this.eye.position.copy(this.cameraOf(model));
    this.eye.quaternion.copy(model.figure.quaternion);
    const scene = model.shown;
    const points = [...model.drawn.flat(), ...(scene.truth || [])];
    const slopes = [...points.map((point) => this.slope(scene, point)), ...inputSlopes(scene)];
    const [left, right] = ends(slopes.map((slope) => slope[0]));
    const [low, high] = ends(slopes.map((slope) => slope[1]));
    const tall = Math.max(high - low, (right - left) / aspect) * (0.5 + MARGIN) / this.nearness;
    const [x, y] = [(left + right) / 2, (low + high) / 2];
    const near = this.eye.near;
    const wide = tall * aspect;
    this.eye.projectionMatrix.makePerspective((x - wide) * near, (x + wide) * near, (y + tall) * near, (y - tall) * near,
      near, this.eye.far);
    this.eye.projectionMatrixInverse.copy(this.eye.projectionMatrix).invert();
    this.window = { x, y, wide, tall };
  }

  // Across and up of a point in the camera's picture, in focal lengths.
  slope(scene, point) {
    const root = scene.lens ? scene.lens.root : new THREE.Vector3(0, 0, -UNKNOWN_DISTANCE);
    const seen = point.clone().add(root);
    return [seen.x / -seen.z, seen.y / -seen.z];
  }

  // Where points of the camera's axes are on a canvas of this size, in its pixels.
  onCanvas(model, points, width, height) {
    return points.map((point) => {
      const seen = model.placed(point).project(this.eye);
      return [((seen.x + 1) / 2) * width, ((1 - seen.y) / 2) * height];
    });
  }
}

// Across and up of the 2D input in the camera's picture, in focal lengths.
function inputSlopes({ input, lens, joints }) {
  if (!input || !lens) {
    return [];
  }
  return Array.from({ length: joints }, (_, joint) => [
    (input[2 * joint] - lens.center[0]) / lens.focal[0],
    (lens.center[1] - input[2 * joint + 1]) / lens.focal[1],
  ]);
}

function ends(values) {
  return [Math.min(...values), Math.max(...values)];
}
