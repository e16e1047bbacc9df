"""How well a model describes a light curve: likelihood, priors, sampler, result, ranking."""
