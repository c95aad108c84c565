"""The papers, in the order in which the report shows them."""

from pipeline.report.papers import graphmdn, hgn, mdn_offset, mixture_dense, semgcn

PAPERS = (semgcn.PAPER, graphmdn.PAPER, hgn.PAPER, mdn_offset.PAPER, mixture_dense.PAPER)
