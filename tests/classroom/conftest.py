"""One course for all tests of the classroom, built once."""

import pytest

from b2t.classroom import course


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder that ``make classroom`` writes."""
    out = tmp_path_factory.mktemp("classroom")
    course.build(out)
    return out
