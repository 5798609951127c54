"""How weights are learned from labelled statements.

Logistic regression with a small penalty, one head after the other. It needs scikit-learn, which the service itself
does not: `pip install 'nkwatch[learning]'`.
"""

from nkwatch.learning.learn import learn

__all__ = ["learn"]
