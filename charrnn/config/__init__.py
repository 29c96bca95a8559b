"""The settings of a run: frozen dataclasses, checked once, with a JSON round trip.

`ModelConfig` says what the network is (the numpy half needs nothing else), `DataConfig` how files
become a corpus and its splits (for pairs: `EncoderDecoderConfig`, `PairsConfig`), `TrainConfig`
what decides the trajectory on that corpus, `RuntimeConfig` what computes it, `SampleConfig` how a
character is drawn, `TranslateConfig` how a target is searched.
"""

from charrnn.config.corpora import (
    ERRORS,
    LABEL,
    NORMALISATIONS,
    RECORDS,
    SYMBOLS,
    CaptionsConfig,
    DataConfig,
    GivenConfig,
    InStepConfig,
    LabelsConfig,
    PairsConfig,
)
from charrnn.config.generation import CaptionConfig, SampleConfig, TranslateConfig
from charrnn.config.learning import CPU, OPTIMIZERS, PRECISIONS, RuntimeConfig, TrainConfig
from charrnn.config.networks import (
    ATTENTIONS,
    KERNEL_SIDE,
    POSITION_SIZE,
    CaptionerConfig,
    ClassifierConfig,
    DecoderConfig,
    EncoderConfig,
    EncoderDecoderConfig,
    ModelConfig,
    TaggerConfig,
    TextEncoderConfig,
)
from charrnn.config.setting import (
    Checked,
    Setting,
    require_known,
    setting,
    setting_of,
    with_keywords,
)

__all__ = [
    "ATTENTIONS",
    "CPU",
    "ERRORS",
    "KERNEL_SIDE",
    "LABEL",
    "NORMALISATIONS",
    "OPTIMIZERS",
    "POSITION_SIZE",
    "PRECISIONS",
    "RECORDS",
    "SYMBOLS",
    "CaptionConfig",
    "CaptionerConfig",
    "CaptionsConfig",
    "Checked",
    "ClassifierConfig",
    "DataConfig",
    "DecoderConfig",
    "EncoderConfig",
    "EncoderDecoderConfig",
    "GivenConfig",
    "InStepConfig",
    "LabelsConfig",
    "ModelConfig",
    "PairsConfig",
    "RuntimeConfig",
    "SampleConfig",
    "Setting",
    "TaggerConfig",
    "TextEncoderConfig",
    "TrainConfig",
    "TranslateConfig",
    "require_known",
    "setting",
    "setting_of",
    "with_keywords",
]
