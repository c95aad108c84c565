"""Images to 3D joints: a 2D pose network whose features feed a graph network (SemGCN, Configuration #2).

It stands above lifting, whose layers, skeleton and losses it uses; lifting and detection do not know it.
"""
