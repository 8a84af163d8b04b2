"""How people say that they follow a practice, or do not: practice, answer and the words."""

from __future__ import annotations

import re

from advisor.schema import AnswerValue

_SAID: list[tuple[str, AnswerValue, str]] = [
    ("scripted-deployment", "no", r"\b(?:deploy\w*|releas\w*|ship\w*|pushed|copied|rolled out)\b[^.?!]{0,30}\b(?:by hand|manual(?:ly)?|ftp|scp|copy(?:ing)? (?:a |the )?files?)\b|\bmanual(?:ly)? (?:deploy\w*|releas\w*)\b"),
    ("scripted-deployment", "yes", r"\b(?:scripted|automated) deploy\w*\b|\bdeploy\w* (?:is|are|by|with|via|through) (?:a )?(?:script(?:s|ed)?|automated|ci|pipeline|terraform)\b"),
    ("version-control-all-code", "no", r"\b(?:no|without|not (?:in|using)|don'?t use) (?:git|version control|source control)\b"),
    ("version-control-all-code", "yes", r"\b(?:code|everything|notebooks?) (?:is|are|lives?|kept) (?:all )?in (?:git|github|gitlab|version control)\b|\bwe use (?:git|github|gitlab)\b"),
    ("experiment-tracking", "yes", r"\b(?:track\w*|log\w*) (?:our |all |the )?(?:experiments?|runs|training)\b|\bexperiment tracking (?:is )?in place\b|\b(?:use|using|have|on) (?:mlflow|w&b|wandb|weights (?:&|and) biases|clearml|comet|neptune) (?:for|to) (?:track|experiment)\w*"),
    ("experiment-tracking", "no", r"\b(?:no|without|don'?t (?:do|have)|lack) (?:any )?(?:experiment|run) tracking\b|\b(?:don'?t|do not|never) track (?:our |the )?(?:experiments?|runs)\b"),
    ("model-monitoring-basics", "no", r"\b(?:no|without|don'?t (?:do|have)|zero|lack) (?:any |model |real )?(?:model )?monitoring\b|\b(?:don'?t|do not|never) monitor\b|\bnothing is monitored\b"
        r"|\b(?:nobody|no ?one|none of us) (?:looks at|watches|checks|does|owns|has|monitors)\b[^.?!]{0,25}\b(?:monitor\w*|dashboards?|models?|predictions?|drift|them|it)\b"),
    ("model-monitoring-basics", "yes", r"\bmodel monitoring (?:is )?in place\b|\bwe monitor (?:our |the |all )?models?\b"),
    ("service-monitoring", "yes", r"\b(?:prometheus|grafana|datadog|cloudwatch|new relic) (?:dashboards?|alerts?|for)\b|\bwe (?:have|use) (?:prometheus|grafana|datadog)\b"),
    ("application-ci", "yes", r"\b(?:have|with|use|run) (?:a )?(?:ci|ci/cd|github actions|gitlab ci|jenkins)\b|\bci(?:/cd)? (?:is )?in place\b"),
    ("application-ci", "no", r"\b(?:no|without|don'?t have) (?:any )?(?:ci|ci/cd|tests|automated tests|unit tests)\b"),
    ("model-registry", "yes", r"\b(?:have|use|using|with|in) (?:a |the |our )?(?:mlflow )?model registry\b"),
    ("model-registry", "no", r"\b(?:no|without|don'?t have) (?:a |any )?model registry\b"),
    ("prompts-in-git", "yes", r"\bprompts? (?:are |is |live |kept |stored )?(?:all )?(?:in|under|versioned in) (?:git|github|version control|the repo)\b"),
    ("prompts-in-git", "no", r"\bprompts? (?:are |is )?(?:hard[- ]?coded|in a (?:google )?doc|in notion|not versioned|scattered|edited in (?:the )?console)\b"),
    ("starter-golden-set", "no", r"\b(?:no|without|don'?t have) (?:any |an? )?(?:eval(?:uation)?s?|golden|test) ?(?:sets?|suite|data ?sets?|cases)?\b(?= for| of|[.,;!?]|$| and| yet)"),
    ("starter-golden-set", "yes", r"\b(?:have|with|got|keep) (?:an? |some |our )?(?:golden|eval(?:uation)?) (?:data ?)?sets?\b"),
    ("training-pipeline", "yes", r"\b(?:training|retraining|ml) pipelines? (?:in|on|with|run by|using) (?:airflow|kubeflow|prefect|dagster|sagemaker|vertex|metaflow|flyte|azure)\b|\bautomated training\b"),
    ("training-pipeline", "no", r"\b(?:train|retrain)\w* (?:by hand|manually|in (?:a )?notebooks?|on (?:a|my|his|her|their) laptops?)\b"),
    ("reproducible-training", "no", r"\b(?:can(?:no|')t|unable to|not able to) (?:reproduce|rebuild)\b"),
    ("data-validation-gates", "no", r"\b(?:no|without|don'?t (?:do|have)) (?:any )?data (?:validation|quality|checks|tests)\b"),
    ("llm-tracing", "yes", r"\b(?:langfuse|langsmith|phoenix) (?:for|traces|tracing)\b|\bwe trace\b|\btracing (?:is )?in place\b"),
    ("canary-and-rollback", "no", r"\bno (?:canary|rollback|roll back)\b|\bcan(?:no|')t roll back\b"),
    ("dataset-versioning", "yes", r"\b(?:data(?:sets?)?|training data) (?:is |are )?(?:versioned|under dvc)\b|\bwe use dvc\b|\bdvc for\b"),
]  # fmt: skip
STATEMENTS = [(p, a, re.compile(r, re.IGNORECASE)) for p, a, r in _SAID]
