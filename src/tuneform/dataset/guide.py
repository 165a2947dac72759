"""What Google's guide to tuning says about examples, word for word.

Source: "Fine-tuning with the Gemini API", https://ai.google.dev/gemini-api/docs/model-tuning,
sections "Training data size" and "Recommended configurations". Its numbers are quoted only where
they are the limits that hold; other bases have other guides.
"""

from __future__ import annotations

from tuneform.domain.capabilities import Limits

_LEAST = 20
_ADVISED = (100, 500)

ENOUGH = '"You can fine-tune a model with as little as 20 examples."'
TARGET = '"You should target between 100 and 500 examples, depending on your application."'
TASKS = "Classification: 100+. Document search: 100+. Summarization: 100-500+."
MORE = '"Additional data generally improves the quality of the responses."'
RATE = 'Learning rate: "Use a smaller value for smaller datasets."'


def on_size(limits: Limits) -> str:
    """What is advised about the count of examples, in sentences."""
    if (limits.examples_least, limits.examples_advised) == (_LEAST, _ADVISED):
        return f"the guide says: {ENOUGH} {TARGET} {TASKS}"
    low, high = limits.examples_advised
    return f"between {low:,} and {high:,} examples are advised"
