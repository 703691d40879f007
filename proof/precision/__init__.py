"""Lost digits in sums of many terms: whether they are noticed, and the smallest disturbance that is."""
