// The data: words as JSON, places as 16-bit integers (little-endian) in one base64 text. Millimetres become metres, and
// the camera's axes (x right, y down, z away) three.js's (x right, y up, z towards the viewer).

function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true));
}

function read(element) {
  const content = JSON.parse(element.textContent);
  const numbers = unpack(content.numbers);
  for (const group of content.groups) {
    group.scenes = group.scenes.map((scene) => toScene(scene, numbers, content.skeletons[scene.joints]));
  }
  return content.groups;
}

function toScene(packed, numbers, skeleton) {
  const part = (place) => place && numbers.subarray(place[0], place[0] + place[1]);
  const points = (place) => place && toPoints(part(place));
  const every = points(packed.hypotheses);
  return {
    ...packed,
    skeleton,
    hypotheses: packed.weights.map((_, index) => every.slice(index * packed.joints, (index + 1) * packed.joints)),
    truth: points(packed.truth),
    mean: points(packed.mean) || every,
    ellipsoids: packed.ellipsoids && toEllipsoids(part(packed.ellipsoids), packed.joints),
    up: toPoints(packed.up)[0].multiplyScalar(1000),
    lens: packed.lens && { ...packed.lens, root: toPoints(packed.lens.root)[0] },
    meshes: packed.meshes.map((mesh) => ({ ...mesh, vertices: points(mesh.vertices), cells: Array.from(part(mesh.cells)) })),
  };
}

function toPoints(values) {
  const points = [];
  for (let index = 0; index < values.length; index += 3) {
    points.push(new THREE.Vector3(values[index], -values[index + 1], -values[index + 2]).divideScalar(1000));
  }
  return points;
}

// Each joint's matrix turns the unit sphere into its ellipsoid. Its rows change sign like the axes.
function toEllipsoids(values, joints) {
  return Array.from({ length: joints }, (_, joint) => {
    const [a, b, c, d, e, f, g, h, i] = Array.from(values.subarray(9 * joint, 9 * joint + 9), (value) => value / 1000);
    return new THREE.Matrix4().set(a, b, c, 0, -d, -e, -f, 0, -g, -h, -i, 0, 0, 0, 0, 1);
  });
}
