// Mouse and touch: one pointer turns, two come closer, the wheel comes closer while the canvas has the focus.

const PER_PIXEL = 0.008; // radians

function listenToPointers(canvas, viewer) {
  const down = new Map();
  const apart = () => {
    const [one, other] = [...down.values()];
    return Math.hypot(one.x - other.x, one.y - other.y);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) {
      return;
    }
    const distance = down.size === 2 ? apart() : 0;
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (distance) {
      viewer.view.zoom(apart() / distance);
    } else if (down.size === 1) {
      viewer.leaveCamera();
      viewer.view.rotate(-PER_PIXEL * (event.clientX - before.x), PER_PIXEL * (event.clientY - before.y));
    }
    viewer.draw();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => down.delete(event.pointerId));
  }
  canvas.addEventListener("wheel", (event) => {
    if (document.activeElement === canvas) {
      event.preventDefault();
      viewer.view.zoom(Math.exp(-0.001 * event.deltaY));
      viewer.draw();
    }
  }, { passive: false });
}
