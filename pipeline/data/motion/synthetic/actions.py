"""The 15 actions of Human3.6M, written as postures that a person takes one after the other.

The main hand is the person's preferred one (in some takes, the other). Angles are degrees: `lean` forward, `side` and
`twist` of the trunk and `turn` of the head towards the main hand, `nod` down; `shake` is a beat of the main forearm.
"""

from dataclasses import dataclass

from pipeline.data.motion.synthetic.gait import Pace


@dataclass(frozen=True)
class Posture:
    """Hand places by name, trunk and head in degrees, and the leg pattern (ignored when walking)."""

    main: str
    other: str
    lean: float = 4.0
    side: float = 0.0
    twist: float = 0.0
    nod: float = 5.0
    turn: float = 0.0
    legs: str = "stand"
    shake: float = 0.0


@dataclass(frozen=True)
class Action:
    """One action: its postures, how long they are held, how long a change takes (seconds), and other habits."""

    postures: tuple[Posture, ...]
    seated: tuple[Posture, ...] = ()  # the second take's postures, if they differ
    opening: tuple[Posture, ...] = ()  # postures that every take begins with
    hold: tuple[float, float] = (0.4, 1.6)
    change: tuple[float, float] = (0.6, 1.1)
    roam: float = 0.35  # chance that a new posture is taken in another place
    gesture: float = 5.0  # degrees of the arms' aimless drift
    mirror: float = 0.3  # chance that a posture changes sides
    pace: Pace | None = None  # walking


P = Posture
ACTIONS: dict[str, Action] = {
    "Directions": Action(
        (
            P("front", "side", twist=-8, turn=5),
            P("sideways", "side", twist=12, turn=45),
            P("upward", "hip", lean=-3, nod=-18, turn=15, legs="stand easy"),
            P("across", "side", twist=-25, turn=-35),
            P("front", "front", lean=8, legs="stand wide"),
            P("sideways", "sideways", nod=0),
            P("side", "side", legs="stand other"),
            P("down", "side", lean=22, nod=20, legs="stride"),
        ),
        hold=(0.5, 1.3),
    ),
    "Discussion": Action(
        (
            P("open", "open", shake=12),
            P("chest", "belly", twist=8, shake=14, turn=10),
            P("offer", "side", lean=8, turn=-12, legs="stand easy", shake=10),
            P("belly", "belly", nod=12, legs="stand other"),
            P("open", "hip", side=6, legs="stand other", shake=12),
            P("folded", "folded", lean=-3, turn=20),
            P("front", "belly", lean=10, legs="stride", shake=10),
            P("chin", "folded", nod=14, turn=-20),
        ),
        hold=(0.5, 1.5),
        gesture=10,
    ),
    "Eating": Action(
        (
            P("table", "table", lean=16, nod=22, legs="chair"),
            P("mouth", "table", lean=14, nod=14, legs="chair"),
            P("table", "lap", lean=20, nod=25, side=4, legs="chair tucked", shake=10),
            P("mouth", "lap", lean=10, nod=10, legs="chair tucked"),
            P("mouth", "mouth", lean=18, nod=16, legs="chair"),
            P("offer", "table", lean=24, twist=10, turn=12, legs="chair"),
            P("table", "table", lean=8, turn=35, legs="chair crossed", shake=6),
        ),
        hold=(0.3, 1.0),
        roam=0.0,
    ),
    "Greeting": Action(
        (
            P("wave", "side", nod=-2, shake=28),
            P("high", "side", lean=-2, nod=-8, shake=22),
            P("side", "side", lean=42, nod=18),
            P("offer", "side", lean=12, legs="stride", shake=12),
            P("open", "open", lean=2, legs="stand wide"),
            P("wave", "wave", nod=-4, legs="stand wide", shake=20),
            P("chest", "side", lean=18, nod=14),
        ),
        hold=(0.7, 1.6),
        roam=0.5,
    ),
    "Phoning": Action(
        (
            P("ear", "side", nod=8, turn=-10),
            P("ear", "open", nod=2, turn=-25, twist=-10, legs="stand easy"),
            P("ear", "hip", lean=-2, turn=20, legs="stand other"),
            P("ear", "folded", lean=8, nod=20, legs="stride"),
            P("ear", "pocket", side=-6, turn=-30, legs="stand easy"),
            P("ear", "upward", nod=-6, turn=-30, twist=-15),
        ),
        seated=(
            P("ear", "lap", lean=8, nod=10, legs="chair"),
            P("ear", "knee", lean=28, nod=8, legs="chair apart"),
            P("ear", "folded", lean=-4, turn=-20, legs="chair ankle on knee"),
            P("ear", "open", lean=6, turn=-25, twist=-12, legs="chair stretched"),
            P("ear", "table", lean=16, nod=18, legs="chair tucked"),
        ),
        roam=0.6,
        mirror=0.0,
    ),
    "Photo": Action(
        (
            P("eyes", "eyes", lean=4, nod=4),
            P("eyes", "eyes", lean=22, nod=0, legs="crouch"),
            P("eyes", "eyes", lean=10, nod=2, legs="kneel"),
            P("eyes", "eyes", lean=6, side=14, twist=10, nod=0, legs="stand wide"),
            P("eyes", "eyes", lean=-8, nod=-22, legs="stride"),
            P("chest", "chest", lean=10, nod=32),
            P("eyes", "belly", lean=26, nod=4, twist=-10, legs="squat"),
            P("high", "high", lean=-4, nod=-20),
        ),
        change=(0.8, 1.3),
        roam=0.5,
        gesture=3,
    ),
    "Posing": Action(
        (
            P("hip", "hip", lean=-2, turn=25, legs="stand easy"),
            P("nape", "hip", side=-8, turn=-30, nod=-5, legs="stand other"),
            P("folded", "folded", lean=-5, nod=-6, legs="stand wide"),
            P("hip", "side", twist=25, turn=35, side=8, legs="stride"),
            P("nape", "nape", lean=-8, nod=-12, legs="stand easy"),
            P("sideways", "hip", side=12, turn=40, nod=-8, legs="stand wide"),
            P("chin", "folded", nod=8, turn=-15, legs="stand other"),
            P("knee", "hip", lean=38, twist=-12, nod=-22, legs="crouch"),
            P("high", "hip", side=-14, lean=-3, nod=-14, turn=20, legs="stride"),
        ),
        hold=(0.8, 1.8),
        gesture=3,
    ),
    "Purchases": Action(
        (
            P("shelf", "side", lean=8, nod=-6, turn=5),
            P("down", "side", lean=62, nod=10, twist=-8, legs="crouch"),
            P("cart", "cart", lean=10, nod=8, legs="stride"),
            P("belly", "belly", lean=8, nod=30),
            P("upward", "hip", lean=-3, nod=-18, side=-5),
            P("down", "down", lean=45, nod=12, legs="squat"),
            P("across", "belly", lean=14, twist=-22, turn=-15, nod=8),
            P("sideways", "side", lean=24, side=14, twist=18, turn=25, nod=10, legs="stand wide"),
        ),
        hold=(0.2, 0.8),
        change=(0.8, 1.2),
        roam=0.5,
    ),
    "Sitting": Action(
        (
            P("lap", "lap", lean=4, legs="chair"),
            P("chin", "lap", lean=24, nod=8, legs="chair crossed"),
            P("folded", "folded", lean=-6, turn=20, legs="chair stretched"),
            P("knee", "knee", lean=36, nod=-4, legs="chair apart"),
            P("open", "lap", lean=6, turn=-25, legs="chair ankle on knee", shake=8),
            P("nape", "lap", lean=-8, side=6, nod=-6, legs="chair stretched"),
            P("nape", "nape", lean=-12, nod=-12, legs="chair ankle on knee"),
            P("lap", "lap", lean=8, twist=28, turn=40, legs="chair tucked"),
            P("down", "lap", lean=58, nod=10, side=6, legs="chair apart"),
        ),
        hold=(0.8, 2.0),
        change=(0.8, 1.3),
        roam=0.0,
    ),
    "SittingDown": Action(
        (
            P("knee", "knee", lean=18, nod=5, legs="floor knees up"),
            P("prop", "prop", lean=-10, nod=8, legs="floor long"),
            P("lap", "lap", lean=16, nod=12, legs="floor crossed"),
            P("prop", "knee", lean=-2, turn=25, twist=10, legs="floor one up"),
            P("down", "down", lean=46, nod=14, legs="floor long"),
            P("chin", "lap", lean=26, nod=10, legs="floor crossed"),
            P("open", "prop", lean=-2, turn=-20, legs="floor one up", shake=8),
        ),
        opening=(P("side", "side"), P("front", "down", lean=38, nod=5, legs="squat")),
        hold=(0.5, 1.5),
        change=(1.0, 1.5),
        roam=0.0,
    ),
    "Smoking": Action(
        (
            P("mouth", "folded", nod=2, legs="stand easy"),
            P("open", "folded", nod=-8, turn=15, legs="stand easy"),
            P("mouth", "pocket", nod=0, turn=-15),
            P("side", "pocket", nod=5, turn=-30, legs="stand other"),
            P("chest", "hip", turn=25, nod=-4, legs="stand other"),
            P("mouth", "back", lean=-3, nod=-6),
        ),
        seated=(
            P("mouth", "lap", lean=6, nod=2, legs="chair crossed"),
            P("open", "lap", lean=-4, nod=-10, turn=15, legs="chair crossed"),
            P("mouth", "folded", lean=18, nod=6, legs="chair"),
            P("knee", "knee", lean=34, nod=14, legs="chair apart"),
            P("sideways", "lap", lean=10, side=10, turn=25, nod=15, legs="chair stretched"),
            P("lap", "chin", lean=8, turn=-20, legs="chair ankle on knee"),
        ),
        hold=(0.6, 1.6),
    ),
    "Waiting": Action(
        (
            P("folded", "folded", turn=35, legs="stand easy"),
            P("watch", "side", nod=26, turn=-8),
            P("pocket", "pocket", turn=-45, twist=-10, legs="stand other"),
            P("back", "back", lean=-3, turn=20, nod=-5, legs="stand wide"),
            P("hip", "side", turn=50, twist=15, legs="stand easy"),
            P("side", "side", nod=15, legs="stand other"),
            P("nape", "pocket", side=-5, nod=12, legs="stand easy"),
            P("high", "high", lean=-10, nod=-20),
            P("eyes", "hip", lean=6, turn=15, legs="stride"),
        ),
        hold=(0.9, 2.0),
    ),
    "WalkDog": Action(
        (
            P("leash", "side", nod=14),
            P("pull", "side", lean=-6, nod=10, twist=10, turn=12),
            P("pull", "leash", lean=-8, nod=12),
            P("leash", "pocket", lean=8, nod=22, turn=15),
            P("down", "side", lean=28, nod=20, turn=15),
            P("sideways", "side", side=8, twist=15, turn=30, nod=12),
        ),
        hold=(0.4, 1.4),
        mirror=0.0,
        pace=Pace(1.05, change=0.3, swing=0.8),
    ),
    "Walking": Action(
        (
            P("side", "side"),
            P("side", "side", turn=12, nod=0),
            P("side", "side", lean=7, nod=10, turn=-10),
            P("side", "pocket", nod=8, turn=15),
        ),
        hold=(2.0, 4.0),
        gesture=3,
        pace=Pace(1.2),
    ),
    "WalkTogether": Action(
        (
            P("side", "side", turn=45, twist=6),
            P("open", "side", turn=40, twist=10, shake=10),
            P("side", "pocket", turn=10),
            P("offer", "side", turn=50, twist=12, shake=8),
            P("sideways", "side", turn=20, nod=0),
            P("chest", "side", turn=30, nod=10),
            P("side", "side", turn=-5, nod=12),
        ),
        hold=(0.6, 1.8),
        mirror=0.0,
        pace=Pace(0.9, change=0.2, swing=0.8),
    ),
}
