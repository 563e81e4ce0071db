"""What the village view says, in English and Indonesian."""

from __future__ import annotations

from typing import Final

from empowersim.fronts.numbers import Lang

WORDS: Final[dict[str, dict[str, str]]] = {
    "title": {"en": "A subdistrict, month by month", "id": "Satu kecamatan, bulan demi bulan"},
    "mentors_slider": {
        "en": "Mentors here (full-time posts)",
        "id": "Pendamping di sini (jabatan penuh waktu)",
    },
    "places_slider": {"en": "{programme}: places a year", "id": "{programme}: tempat per tahun"},
    "future": {"en": "Future (which luck)", "id": "Masa depan (keberuntungan yang mana)"},
    "policy": {"en": "Policy", "id": "Kebijakan"},
    "hint": {
        "en": "Press Reset to begin again with what the sliders say.",
        "id": "Tekan Reset untuk mulai lagi dengan nilai penggeser.",
    },
    "colour": {"en": "Colour households by", "id": "Warnai rumah tangga menurut"},
    "by_poverty": {"en": "poverty", "id": "kemiskinan"},
    "by_empowerment": {"en": "empowerment", "id": "pemberdayaan"},
    "poor": {"en": "below the poverty line", "id": "di bawah garis kemiskinan"},
    "near": {"en": "1 to 1.5 lines (vulnerable)", "id": "1 sampai 1,5 garis (rentan)"},
    "above": {"en": "above 1.5 lines", "id": "di atas 1,5 garis"},
    "empowerment_scale": {
        "en": "empowerment index, 0 to 1\n(1 = the top in all six dimensions)",
        "id": "indeks pemberdayaan, 0 sampai 1\n(1 = puncak keenam dimensi)",
    },
    "ring": {"en": "ring: holds a place in a programme", "id": "lingkaran: peserta program"},
    "mentor": {
        "en": "mentor, where it visited most last month",
        "id": "pendamping, di desa yang paling sering dikunjungi bulan lalu",
    },
    "vacant": {"en": "{name}: post vacant", "id": "{name}: jabatan kosong"},
    "vacant_legend": {"en": "hollow: post vacant", "id": "berongga: jabatan kosong"},
    "scheme": {
        "en": "A scheme, not geography: villages stand in rows, households around the middle of their village. "
        "A dashed line leads from where a mentor was the month before. Posts are counted in full-time ones: "
        "0.4 posts are one mentor who works two days of five here.",
        "id": "Bagan, bukan peta: desa disusun berbaris, rumah tangga mengelilingi pusat desanya. Garis putus-putus "
        "berasal dari tempat pendamping bulan sebelumnya. Jabatan dihitung penuh waktu: 0,4 jabatan berarti satu "
        "pendamping yang bekerja di sini dua dari lima hari.",
    },
    "village": {"en": "Village {number}", "id": "Desa {number}"},
    "village_poor": {"en": "{share} poor", "id": "{share} miskin"},
    "map_title": {"en": "Households and mentors, month {month}", "id": "Rumah tangga dan pendamping, bulan {month}"},
    "months": {"en": "months since the start", "id": "bulan sejak awal"},
    "poverty_chart": {"en": "Poverty, %", "id": "Kemiskinan, %"},
    "headcount": {"en": "poor persons (P0)", "id": "penduduk miskin (P0)"},
    "gap": {"en": "poverty gap (P1)", "id": "kedalaman (P1)"},
    "empowerment_chart": {
        "en": "Empowerment index, mean (0 to 1)",
        "id": "Indeks pemberdayaan, rata-rata (0 sampai 1)",
    },
    "empowerment": {"en": "empowerment", "id": "pemberdayaan"},
    "reference": {"en": "“{reference}”, same luck", "id": "“{reference}”, nasib sama"},
    "hours_chart": {"en": "Mentors' hours a month", "id": "Jam kerja pendamping per bulan"},
    "hours_visits": {"en": "visits", "id": "kunjungan"},
    "hours_sessions": {"en": "group sessions", "id": "pertemuan kelompok"},
    "hours_travel": {"en": "travel", "id": "perjalanan"},
    "hours_office": {"en": "office, meetings", "id": "kantor, rapat"},
    "no_mentors": {"en": "no mentors", "id": "tidak ada pendamping"},
    "start": {
        "en": "Before the first month: {households} households in {villages} villages, {mentors}. Press Step or ▶.",
        "id": "Sebelum bulan pertama: {households} rumah tangga di {villages} desa, {mentors}. Tekan Step atau ▶.",
    },
    "state": {
        "en": "Month {month}: {poor} of persons are poor ({poor_reference} under “{reference}”, same luck), "
        "poverty gap {gap}; empowerment index {index} ({index_reference}); households with a place: {enrolled}; "
        "visits: {visits}, by {mentors}.",
        "id": "Bulan {month}: {poor} penduduk miskin ({poor_reference} pada “{reference}”, nasib sama), kedalaman "
        "kemiskinan {gap}; indeks pemberdayaan {index} ({index_reference}); rumah tangga peserta: "
        "{enrolled}; kunjungan: {visits}, oleh {mentors}.",
    },
    "end": {"en": " That was the last month.", "id": " Itu bulan terakhir."},
    "none": {"en": "no mentors", "id": "tanpa pendamping"},
    "one": {"en": "1 mentor ({posts} posts)", "id": "1 pendamping ({posts} jabatan)"},
    "many": {"en": "{count} mentors ({posts} posts)", "id": "{count} pendamping ({posts} jabatan)"},
    "under": {"en": "{scenario}: “{policy}”", "id": "{scenario}: “{policy}”"},
    "map_alt": {
        "en": "Map of {villages} villages. {state}",
        "id": "Peta {villages} desa. {state}",
    },
    "charts_alt": {
        "en": "Charts of poverty, empowerment and mentors' hours over {month} months. {state}",
        "id": "Grafik kemiskinan, pemberdayaan dan jam pendamping selama {month} bulan. {state}",
    },
}
"""Name -> language -> text."""


def word(name: str, lang: Lang = "en") -> str:
    """Return the text of that name in a language; KeyError if there is none."""
    return WORDS[name][lang]
