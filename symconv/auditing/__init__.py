"""Audits of foreign implementations: is a backward that of the theorem, and if not, what is its mistake?

The modules, in the order in which an audit goes through them:

* what is called: `protocol` (the functions, and what they support), `adapters` (other conventions, libraries),
  `targets` (finding a function), `running` (a call and what comes of it), `sandbox`, `child`, `worker`, `wire` (the
  same in a process of its own);
* what it is called with: `sweep` (layers), `exact` (integer data);
* what is right: `axis_forms`, `forms` (the trilinear form of a layer and its derivatives), `judging` (a call compared
  with it), `symbols` (the same on polynomials);
* what is wrong: `changes`, `catalogue` (mistakes as transformations of the form), `matching`, `spot`, `pairing`,
  `diagnosis` (which of them explain what was seen), `crashes` (which feature makes it fail);
* what the code computes: `probing` (its coefficients), `lifting` (them as index notation), `shrinking` (the smallest
  layer), `explaining`;
* `verdicts` is what comes out, `audit` puts all of it together. Nothing here prints: that is `symconv.report`.
"""
