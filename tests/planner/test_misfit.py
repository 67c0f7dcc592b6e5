"""The misfit processes are covariances."""

import numpy as np
import pytest

from planner.misfit import KERNELS, Kernel


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_covariance_is_positive_and_agrees_with_the_variance(kernel: Kernel) -> None:
    """No combination of points has a negative variance, and the diagonal is the variance."""
    u = np.linspace(-3, 1, 30)
    covariance = kernel.between(u, u)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    assert np.diag(covariance) == pytest.approx(kernel.variance(u))
