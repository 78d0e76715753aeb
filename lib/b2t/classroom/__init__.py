"""The classroom: chapters for students and for teachers, and assignments that a machine grades.

``python -m b2t.classroom build`` and ``python -m b2t.classroom grade FOLDER``, which are ``make classroom``
and ``make grade``. Grading is nbgrader's; what is ours around it keeps a submission within limits. Read in
this order: chapters, assignments, course, running, contained, collecting, grading. None imports PyTorch.
"""
