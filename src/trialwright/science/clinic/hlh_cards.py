"""The cards of haemophagocytic lymphohistiocytosis and macrophage activation syndrome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trialwright.kernel import truth as kleene
from trialwright.kernel.texts import Text
from trialwright.kernel.truth import Truth
from trialwright.science.clinic import hlh
from trialwright.science.clinic.card import Card, Finding, Input, Part, Value, no_formula
from trialwright.science.clinic.substances import MOLAR_MASS


def _in(name: str, en: str, zh: str, unit: str = "", **more: Any) -> Input:
    return Input(name, Text(en=en, zh=zh), "number" if unit else "truth", unit=unit, **more)


def _maybe(wanted: Iterable[Input]) -> tuple[Input, ...]:
    """The same inputs for a card that answers without them."""
    return tuple(
        Input(i.name, i.label, i.kind, i.unit, i.codes, i.molar_mass, i.valid, i.possible, optional=True)
        for i in wanted
    )


_TEMPERATURE = _in("temperature", "body temperature", "体温", "Cel", possible=(25, 45))
_SPLEEN = _in("splenomegaly", "splenomegaly", "脾肿大")
_HB = _in("haemoglobin", "haemoglobin", "血红蛋白", "g/L", possible=(20, 300), molar_mass=MOLAR_MASS["haemoglobin"])
_WBC = _in("wbc", "white cells", "白细胞", "10*9/L")
_PLATELETS = _in("platelets", "platelets", "血小板", "10*9/L")
_NEUTROPHILS = _in("neutrophils", "neutrophils", "中性粒细胞", "10*9/L")
_FERRITIN = _in("ferritin", "ferritin", "铁蛋白", "ug/L", molar_mass=MOLAR_MASS["ferritin"])
_TG = _in("triglycerides", "triglycerides", "甘油三酯", "mmol/L", molar_mass=MOLAR_MASS["triglycerides"])
_TG_MG = _in("triglycerides", "triglycerides", "甘油三酯", "mg/dL", molar_mass=MOLAR_MASS["triglycerides"])
_FIBRINOGEN = _in("fibrinogen", "fibrinogen", "纤维蛋白原", "g/L")
_FIBRINOGEN_MG = _in("fibrinogen", "fibrinogen", "纤维蛋白原", "mg/dL")
_AST = _in("ast", "AST", "天冬氨酸氨基转移酶", "U/L")
_PHAGO = _in("haemophagocytosis", "haemophagocytosis in marrow, spleen, node or liver", "骨髓、脾、淋巴结或肝噬血现象")

_HLH_SIGNS = {
    "fever": (Text(en="fever, 38.5 °C or more", zh="发热≥38.5℃"), ("temperature",)),
    "splenomegaly": (Text(en="splenomegaly", zh="脾肿大"), ("splenomegaly",)),
    "cytopenia": (
        Text(en="two of Hb < 90 g/L, platelets < 100, neutrophils < 1.0 ×10⁹/L", zh="两系以上血细胞减少"),
        ("haemoglobin", "platelets", "neutrophils"),
    ),
    "lipid_or_fibrinogen": (
        Text(en="triglycerides 3.0 mmol/L or more, or fibrinogen 1.5 g/L or less", zh="甘油三酯≥3.0或纤维蛋白原≤1.5"),
        ("triglycerides", "fibrinogen"),
    ),
    "haemophagocytosis": (Text(en="haemophagocytosis", zh="噬血现象"), ("haemophagocytosis",)),
    "nk_activity_low": (Text(en="low or absent NK activity", zh="NK活性降低或缺如"), ("nk_activity_low",)),
    "ferritin": (Text(en="ferritin 500 µg/L or more", zh="铁蛋白≥500 µg/L"), ("ferritin",)),
    "scd25": (Text(en="sCD25 2400 U/mL or more", zh="sCD25≥2400 U/mL"), ("scd25",)),
}


def _hlh_2004(values: Mapping[str, Value]) -> Finding:
    signs = hlh.hlh_2004_signs(hlh.Signs(**_plain(values)))
    parts = tuple(Part(name, _HLH_SIGNS[name][0], truth) for name, truth in signs.items())
    met = hlh.hlh_2004(hlh.Signs(**_plain(values)))
    open_ = [name for name, truth in signs.items() if truth is Truth.UNKNOWN]
    present = sum(truth is Truth.TRUE for truth in signs.values())
    missing = [n for sign in open_ for n in _HLH_SIGNS[sign][1] if n not in values] if met is Truth.UNKNOWN else []
    need, left = 5 - present, len(open_)
    count = Text(en=f"{present} of 8 signs present, {left} unknown.", zh=f"8项中{present}项符合，{left}项未知。")
    decide = Text(
        en=f"{need} more of the {left} open signs would make 5 of 8.", zh=f"{left}项未知指标中再有{need}项符合即达5项。"
    )
    notes = (count, decide) if met is Truth.UNKNOWN else (count,)
    return Finding(met, parts=parts, missing=tuple(missing), notes=notes)


_MAS_SIGNS = {
    "platelets": Text(en="platelets 181 ×10⁹/L or less", zh="血小板≤181×10⁹/L"),
    "ast": Text(en="AST above 48 U/L", zh="AST>48 U/L"),
    "triglycerides": Text(en="triglycerides above 156 mg/dL", zh="甘油三酯>156 mg/dL"),
    "fibrinogen": Text(en="fibrinogen 360 mg/dL or less", zh="纤维蛋白原≤360 mg/dL"),
}
_SCOPE = Text(
    en="This classification holds in known or suspected systemic JIA only; elsewhere it says nothing about MAS.",
    zh="该分类标准仅适用于已知或疑似全身型幼年特发性关节炎（sJIA），对其他患者不作判断。",
)


def _mas_2016(values: Mapping[str, Value]) -> Finding:
    found = hlh.MasFindings(**_plain(values))
    signs = hlh.mas_2016_signs(found)
    parts = (
        Part("fever", Text(en="fever", zh="发热"), Truth.of(found.fever)),
        Part(
            "ferritin",
            Text(en="ferritin above 684 µg/L", zh="铁蛋白>684 µg/L"),
            Truth.of(None if found.ferritin is None else found.ferritin > 684),
        ),
        *(Part(name, _MAS_SIGNS[name], truth) for name, truth in signs.items()),
    )
    if found.sjia is False:
        return Finding("out_of_scope", parts=parts, notes=(_SCOPE,))
    met = hlh.mas_2016(found) if found.sjia else Truth.UNKNOWN
    settled = kleene.at_least(2, signs.values()) is not Truth.UNKNOWN
    open_ = (i.name for i in _MAS_INPUTS if i.name not in values and not (settled and i.name in signs))
    missing = tuple(open_) if met is Truth.UNKNOWN else ()
    return Finding(met, parts=parts, missing=missing, notes=() if found.sjia else (_SCOPE,))


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    """Values by the names of the findings' fields, which are the names of the inputs."""
    return dict(values)


def _ms(cns: bool, haemorrhage: bool, arthritis: bool, *labs: float) -> float:
    return hlh.ms_score((cns, haemorrhage, arthritis), *labs)


def _ms_finding(values: Mapping[str, Value]) -> Finding:
    score = MS_SCORE.compute(**values)
    label = Text(en="-2.1 or more: MAS", zh="≥-2.1：符合MAS")
    reached = Truth.of(None if score is None else round(score, 9) >= hlh.MS_SCORE_MAS)
    missing = tuple(i.name for i in MS_SCORE.inputs if i.name not in values)
    return Finding(score, parts=(Part("mas", label, reached),), missing=missing)


def _hscore(*values: float | bool) -> float:
    names = (i.name for i in HSCORE.inputs)
    return float(hlh.hscore(_hscore_input(dict(zip(names, values, strict=True))))[0])


def _hscore_input(values: Mapping[str, Value]) -> hlh.HScoreInput:
    given = _plain(values)
    if "organs" in given:
        given["organs"] = round(given["organs"])
    return hlh.HScoreInput(**given)


_HSCORE_PARTS = {
    "immunosuppressed": (Text(en="known immunosuppression", zh="已知免疫抑制"), ("immunosuppressed",)),
    "temperature": (Text(en="temperature", zh="体温"), ("temperature",)),
    "organs": (Text(en="enlarged liver or spleen", zh="肝脾肿大"), ("hepatomegaly", "splenomegaly")),
    "cytopenia": (Text(en="cell lines low", zh="血细胞减少系数"), ("haemoglobin", "wbc", "platelets")),
    "ferritin": (Text(en="ferritin", zh="铁蛋白"), ("ferritin",)),
    "triglycerides": (Text(en="triglycerides", zh="甘油三酯"), ("triglycerides",)),
    "fibrinogen": (Text(en="fibrinogen", zh="纤维蛋白原"), ("fibrinogen",)),
    "ast": (Text(en="AST", zh="天冬氨酸氨基转移酶"), ("ast",)),
    "haemophagocytosis": (Text(en="haemophagocytosis in marrow", zh="骨髓噬血现象"), ("haemophagocytosis",)),
}
_BANDS = {
    "below 1 %": Text(en="below 1 %", zh="低于1%"),
    "between 1 and 99 %": Text(en="between 1 and 99 %", zh="1%至99%之间"),
    "above 99 %": Text(en="above 99 %", zh="高于99%"),
}


def _hscore_finding(values: Mapping[str, Value]) -> Finding:
    given = _hscore_input(values)
    low, high = hlh.hscore(given)
    points = hlh.hscore_points(given)
    parts = [
        Part(name, _HSCORE_PARTS[name][0], float(a), None if a == b else float(b), "{points}")
        for name, (a, b) in points.items()
    ]
    band = hlh.hscore_band(low) if hlh.hscore_band(low) == hlh.hscore_band(high) else None
    parts += [
        Part("positive", Text(en="169 or more", zh="≥169分"), hlh.hscore_positive(given)),
        Part(
            "probability",
            Text(en="probability of reactive HLH, as published", zh="反应性HLH概率（文献发表区间）"),
            _BANDS[band] if band else None,
        ),
    ]
    spans = sorted((name for name, (a, b) in points.items() if a != b), key=lambda n: points[n][0] - points[n][1])
    missing = tuple(n for name in spans for n in _HSCORE_PARTS[name][1] if n not in values)
    if low == high:
        return Finding(float(low), parts=tuple(parts))
    return Finding(None, (float(low), float(high)), parts=tuple(parts), missing=missing)


HLH_2004 = Card(
    "hlh_2004",
    Text(en="HLH-2004, clinical criteria: 5 of 8 signs", zh="HLH-2004诊断标准（8项中5项）"),
    _maybe(
        (
            _TEMPERATURE, _SPLEEN, _HB, _PLATELETS, _NEUTROPHILS, _TG, _FIBRINOGEN, _PHAGO,
            _in("nk_activity_low", "NK activity low by the laboratory's reference", "NK细胞活性低于参考值"),
            _FERRITIN, _in("scd25", "soluble CD25", "可溶性CD25", "U/mL"),
        )
    ),
    "",
    no_formula,
    "Henter 2007, Pediatr Blood Cancer 48:124",
    (
        {"temperature": 39.0, "splenomegaly": True, "haemoglobin": 100.0, "platelets": 80.0, "neutrophils": 0.8,
         "triglycerides": 2.0, "fibrinogen": 2.5, "ferritin": 8000.0, "scd25": 1800.0},
        Truth.UNKNOWN,
    ),
    Text(
        en="Values of one episode; triglycerides fasting; a molecular diagnosis stands on its own. sCD25 in pg/mL or "
        "ng/mL needs the assay's own factor.",
        zh="各项应为同一病程的检查结果；甘油三酯为空腹值；分子诊断可单独确诊。sCD25以pg/mL或ng/mL报告时须用该试剂盒的换算系数。",
    ),
    finding=_hlh_2004,
)  # fmt: skip

_MAS_INPUTS = (
    _in("fever", "fever", "发热"),
    _in("sjia", "known or suspected systemic juvenile idiopathic arthritis", "已知或疑似全身型幼年特发性关节炎"),
    _FERRITIN,
    _PLATELETS,
    _AST,
    _TG_MG,
    _FIBRINOGEN_MG,
)
MAS_2016 = Card(
    "mas_2016",
    Text(
        en="2016 EULAR/ACR/PRINTO classification of MAS in systemic JIA",
        zh="2016年EULAR/ACR/PRINTO sJIA相关MAS分类标准",
    ),
    _maybe(_MAS_INPUTS),
    "",
    no_formula,
    "Ravelli 2016, Ann Rheum Dis 75:481",
    (
        {"fever": True, "sjia": True, "ferritin": 9000.0, "platelets": 150.0, "ast": 40.0},
        Truth.UNKNOWN,
    ),
    _SCOPE,
    finding=_mas_2016,
)

MS_SCORE = Card(
    "ms_score",
    Text(en="MS score for MAS in systemic JIA", zh="MS评分（sJIA相关MAS）"),
    (
        _in("cns", "central nervous system dysfunction", "中枢神经系统受累"),
        _in("haemorrhage", "haemorrhage", "出血"),
        _in("arthritis", "active arthritis", "活动性关节炎"),
        _PLATELETS,
        _in("ldh", "LDH", "乳酸脱氢酶", "U/L"),
        _FIBRINOGEN_MG,
        _FERRITIN,
    ),
    "1",
    _ms,
    "Minoia 2019, Ann Rheum Dis 78:1357; MAS from -2.1",
    (
        {"cns": False, "haemorrhage": False, "arthritis": False, "platelets": 90.0, "ldh": 1500.0,
         "fibrinogen": 200.0, "ferritin": 12000.0},
        1.63,
    ),
    Text(en="Developed in systemic JIA.", zh="基于sJIA患者建立。"),
    finding=_ms_finding,
)  # fmt: skip

HSCORE = Card(
    "hscore",
    Text(en="HScore for reactive haemophagocytic syndrome", zh="HScore评分"),
    (
        *_maybe(
            (
                _in("immunosuppressed", "known immunosuppression", "已知免疫抑制"),
                _TEMPERATURE,
                _in("organs", "enlarged liver, spleen (0 to 2)", "肝脾肿大（0至2）", "1", possible=(0, 2)),
                _HB, _WBC, _PLATELETS, _FERRITIN, _TG, _FIBRINOGEN, _AST,
                _in("haemophagocytosis", "haemophagocytosis in marrow", "骨髓噬血现象"),
            )
        ),
    ),
    "1",
    _hscore,
    "Fardet 2014, Arthritis Rheumatol 66:2613; cut-off 169",
    (
        {"immunosuppressed": False, "temperature": 39.4, "organs": 1.0, "haemoglobin": 92.0, "wbc": 5.1,
         "platelets": 110.0, "ferritin": 6000.0, "triglycerides": 4.0, "fibrinogen": 2.51, "ast": 29.0,
         "haemophagocytosis": False},
        159.0,
    ),
    Text(
        en="Developed in adults. The paper states a probability below 1 % up to 90 points and above 99 % from 250; "
        "between these no figure is given here.",
        zh="基于成人患者建立。文献仅明确≤90分概率低于1%，≥250分高于99%，其间不给出具体数值。",
    ),
    beside=_maybe((_in("hepatomegaly", "enlarged liver, instead of organs", "肝肿大（可代替organs）"), _SPLEEN)),
    finding=_hscore_finding,
)  # fmt: skip

HLH = (HLH_2004, MAS_2016, MS_SCORE, HSCORE)
