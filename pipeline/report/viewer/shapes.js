// What the scene is built of: bones, joints, ellipsoids, meshes, the ground. All is in metres.

const SPHERE = new THREE.SphereGeometry(1, 20, 14);
const BONE = new THREE.CylinderGeometry(1, 1, 1, 14, 1, true);
const UPRIGHT = new THREE.Vector3(0, 1, 0);

function material(color, opacity) {
  const solid = opacity > 0.6; // what is nearly opaque hides what is behind it
  return new THREE.MeshLambertMaterial({ color, opacity, transparent: opacity < 1, depthWrite: solid });
}

function ball(place, radius, look) {
  const mesh = new THREE.Mesh(SPHERE, look);
  mesh.position.copy(place);
  mesh.scale.setScalar(radius);
  return mesh;
}

function bone(from, to, radius, look) {
  const along = to.clone().sub(from);
  const length = along.length();
  const mesh = new THREE.Mesh(BONE, look);
  mesh.position.copy(from).addScaledVector(along, 0.5);
  mesh.scale.set(radius, Math.max(length, 1e-6), radius);
  mesh.quaternion.setFromUnitVectors(UPRIGHT, along.divideScalar(Math.max(length, 1e-6)));
  return mesh;
}

// A pose as sticks. `colors` has one for each side, or the same for all of them.
function skeletonOf(points, skeleton, colors, radius, opacity) {
  const group = new THREE.Group();
  const looks = {};
  for (const side of ["left", "right", "middle"]) {
    looks[side] = material(colors[side], opacity);
  }
  points.forEach((place, joint) => {
    const look = looks[skeleton.sides[joint]];
    const parent = skeleton.parents[joint];
    group.add(ball(place, 1.5 * radius, look));
    if (parent >= 0) {
      group.add(bone(points[parent], place, radius, look));
    }
  });
  return group;
}

// Drawn over the bones: an ellipsoid is often no thicker than they are.
function ellipsoidsOf(scene, color) {
  const group = new THREE.Group();
  const look = new THREE.MeshLambertMaterial({ color, opacity: 0.6, transparent: true, depthWrite: false });
  scene.ellipsoids.forEach((matrix, joint) => {
    if (scene.spread[joint] >= 1) {
      const mesh = new THREE.Mesh(SPHERE, look);
      mesh.matrixAutoUpdate = false;
      mesh.matrix.copy(matrix).setPosition(scene.mean[joint]);
      mesh.renderOrder = 500;
      group.add(mesh);
    }
  });
  return group;
}

// A surface of triangles, or nodes with edges between them.
function meshOf(mesh, colors) {
  const geometry = new THREE.BufferGeometry().setFromPoints(mesh.vertices);
  geometry.setIndex(mesh.cells);
  if (mesh.corners === 3) {
    geometry.computeVertexNormals();
    const look = { color: colors.skin, opacity: 0.75, transparent: true, side: THREE.FrontSide };
    return new THREE.Mesh(geometry, new THREE.MeshLambertMaterial(look));
  }
  const group = new THREE.Group();
  group.add(new THREE.LineSegments(geometry, new THREE.LineBasicMaterial({ color: colors.mesh })));
  const look = material(colors.mesh, 1);
  mesh.vertices.forEach((place) => group.add(ball(place, 0.014, look)));
  return group;
}

// A square grid of half-metre cells, and the shadow that a pose throws straight down on it.
function groundOf(height, points, skeleton, colors) {
  const group = new THREE.Group();
  const grid = new THREE.GridHelper(4, 8, colors.grid, colors.grid);
  grid.position.y = height;
  group.add(grid);
  const shadow = new THREE.Group();
  const look = new THREE.MeshBasicMaterial({ color: colors.quiet, opacity: 0.22, transparent: true, depthWrite: false });
  points.forEach((place, joint) => {
    const parent = skeleton.parents[joint];
    if (parent >= 0) {
      shadow.add(bone(flat(points[parent]), flat(place), 0.03, look));
    }
  });
  shadow.scale.y = 0.02;
  shadow.position.y = height + 0.001;
  group.add(shadow);
  return group;
}

function flat(place) {
  return new THREE.Vector3(place.x, 0, place.z);
}

function dispose(group) {
  group.traverse((part) => {
    if (part.geometry && part.geometry !== SPHERE && part.geometry !== BONE) {
      part.geometry.dispose();
    }
    if (part.material) {
      part.material.dispose();
    }
  });
}
