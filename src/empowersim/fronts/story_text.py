"""The words of a household's story: every sentence and name once, in English (`en`) and Indonesian (`id`)."""

from __future__ import annotations

from typing import Final

MONTHS: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "id": (
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ),
}

MET: Final = {"en": "draw {draw} below the chance {chance}", "id": "undian {draw} di bawah peluang {chance}"}

SENTENCES: Final[dict[str, dict[str, str]]] = {
    "illness_starts": {
        "en": "an earner falls ill, {severity} ({met}): {lost} of earnings are lost ({money}); kin make good "
        "{insured} of it",
        "id": "seorang pencari nafkah jatuh sakit, {severity} ({met}): {lost} penghasilan hilang ({money}); "
        "kerabat mengganti {insured} darinya",
    },
    "illness_ends": {
        "en": "the earner is well again ({met})",
        "id": "pencari nafkah sembuh ({met})",
    },
    "job_found": {"en": "finds regular work ({met})", "id": "mendapat pekerjaan tetap ({met})"},
    "job_lost": {"en": "loses its regular work ({met})", "id": "kehilangan pekerjaan tetap ({met})"},
    "place_won": {
        "en": "wins a place in {programme}: number {position} of {applicants} by {order}, for {places}",
        "id": "mendapat tempat di {programme}: urutan {position} dari {applicants} menurut {order}, untuk {places}",
    },
    "place_not_won": {
        "en": "asks for {programme} and gets no place: number {position} of {applicants} by {order}, for {places}",
        "id": "mendaftar {programme} tetapi tidak mendapat tempat: urutan {position} dari {applicants} menurut "
        "{order}, "
        "untuk {places}",
    },
    "unwilling": {
        "en": "does not want {programme}: its own draw {draw}, drawn once in its life, is not below its chance of "
        "accepting {chance}",
        "id": "tidak berminat pada {programme}: undiannya {draw}, sekali seumur hidup, tidak di bawah peluang menerima "
        "{chance}",
    },
    "not_eligible": {
        "en": "may not apply for {programme}: {column} is {value}, {limit}",
        "id": "tidak berhak mendaftar {programme}: {column} {value}, {limit}",
    },
    "place_finished": {"en": "finishes {programme}", "id": "menyelesaikan {programme}"},
    "place_left": {
        "en": "leaves {programme} {left} early ({met})",
        "id": "keluar dari {programme} {left} lebih awal ({met})",
    },
    "place_closed": {"en": "{programme} is closed", "id": "{programme} dihentikan"},
    "attends": {"en": "attends ({met})", "id": "hadir ({met})"},
    "misses": {
        "en": "stays away (draw {draw}, not below the chance {chance})",
        "id": "tidak hadir (undian {draw}, tidak di bawah peluang {chance})",
    },
    "visited": {"en": "is visited by its mentor", "id": "dikunjungi pendampingnya"},
    "not_visited": {
        "en": "is not visited: the mentor's hours ran out after {made} of the {due} visits due",
        "id": "tidak dikunjungi: jam kerja pendamping habis setelah {made} dari {due} kunjungan yang jatuh tempo",
    },
    "no_mentor": {"en": "is not visited: the post is vacant", "id": "tidak dikunjungi: pendamping belum ada"},
    "mentor_changes": {
        "en": "its mentor leaves or moves: trust falls from {before} to {after}",
        "id": "pendampingnya berganti: kepercayaan turun dari {before} ke {after}",
    },
    "asset_grant": {
        "en": "gets a productive asset for {given}; by its quality (draw {draw}) it is worth {worth}",
        "id": "menerima aset produktif senilai {given}; menurut mutunya (undian {draw}) bernilai {worth}",
    },
    "cash_grant": {"en": "gets {given} in cash", "id": "menerima uang tunai {given}"},
    "asset_death": {
        "en": "productive assets worth {loss} die or break ({met})",
        "id": "aset produktif senilai {loss} mati atau rusak ({met})",
    },
    "theft": {"en": "{loss} of its savings are stolen ({met})", "id": "tabungan {loss} dicuri ({met})"},
    "village_shock": {
        "en": "a shock strikes the whole village: {share} of everybody's earnings are lost",
        "id": "guncangan menimpa seluruh desa: {share} penghasilan semua orang hilang",
    },
    "benefit_late": {
        "en": "its benefit comes late or wrong ({met}); trust suffers",
        "id": "bantuannya terlambat atau keliru ({met}); kepercayaan berkurang",
    },
    "leaves_school": {"en": "its children leave school ({met})", "id": "anak-anaknya putus sekolah ({met})"},
    "returns_to_school": {
        "en": "its children return to school ({met})",
        "id": "anak-anaknya kembali bersekolah ({met})",
    },
    "falls_poor": {
        "en": "falls below the poverty line: from {before} to {after} a month{parts}",
        "id": "jatuh ke bawah garis kemiskinan: dari {before} ke {after} sebulan{parts}",
    },
    "leaves_poverty": {
        "en": "rises above the poverty line: from {before} to {after} a month{parts}",
        "id": "naik ke atas garis kemiskinan: dari {before} ke {after} sebulan{parts}",
    },
    "stage": {
        "en": "stands at stage “{after}” (was “{before}”)",
        "id": "berada pada tahap “{after}” (sebelumnya “{before}”)",
    },
    "village_served": {"en": "{programme} reaches the village", "id": "{programme} menjangkau desa"},
    "village_left": {"en": "{programme} leaves the village", "id": "{programme} berakhir di desa"},
}
"""What is said of each kind of event."""

CONTRASTS: Final[dict[str, dict[str, str]]] = {
    "chance": {
        "en": "under “{other}” the same draw does not meet the chance there, {chance}",
        "id": "dalam “{other}” undian yang sama tidak memenuhi peluang di sana, {chance}",
    },
    "state": {
        "en": "under “{other}” the question does not arise: {state}",
        "id": "dalam “{other}” hal itu tidak terjadi: {state}",
    },
    "misses": {
        "en": "under “{other}” the chance is {chance}",
        "id": "dalam “{other}” peluangnya {chance}",
    },
}

STATES: Final[dict[str, dict[str, str]]] = {
    "illness_starts": {"en": "it is ill already", "id": "sudah sakit"},
    "illness_ends": {"en": "it is not ill", "id": "tidak sakit"},
    "job_found": {"en": "it has regular work already", "id": "sudah punya pekerjaan tetap"},
    "job_lost": {"en": "it has no regular work to lose", "id": "tidak punya pekerjaan tetap"},
    "attends": {"en": "nothing is offered to it", "id": "tidak ada yang ditawarkan"},
    "misses": {"en": "nothing is offered to it", "id": "tidak ada yang ditawarkan"},
    "asset_death": {
        "en": "there is nothing above the usual stock to lose",
        "id": "tidak ada aset lebih yang dapat hilang",
    },
    "theft": {"en": "there is nothing to steal", "id": "tidak ada yang dapat dicuri"},
    "benefit_late": {"en": "no benefit is due", "id": "tidak ada bantuan yang jatuh tempo"},
    "leaves_school": {"en": "its children are out of school already", "id": "anak-anaknya sudah tidak bersekolah"},
    "returns_to_school": {"en": "its children are in school", "id": "anak-anaknya bersekolah"},
}

PARTS: Final[dict[str, dict[str, str]]] = {
    "work": {"en": "work", "id": "upah"},
    "business": {"en": "business", "id": "usaha"},
    "illness": {"en": "illness", "id": "sakit"},
    "shock": {"en": "village shock", "id": "guncangan desa"},
    "own_food": {"en": "own food", "id": "pangan sendiri"},
    "kin": {"en": "kin", "id": "kerabat"},
    "claims": {"en": "entitlements", "id": "hak yang diperoleh"},
    "transfers": {"en": "transfers", "id": "bantuan"},
    "habit": {"en": "accustomed income", "id": "pendapatan biasa"},
    "savings": {"en": "savings", "id": "tabungan"},
    "investment": {"en": "investment", "id": "investasi"},
    "saving": {"en": "obligatory saving", "id": "tabungan wajib"},
}
"""Parts of consumption as they are called."""

ORDERS: Final[dict[str, dict[str, str]]] = {
    "lottery": {"en": "lottery", "id": "undian"},
    "poorest_first": {"en": "poverty as registered", "id": "kemiskinan menurut data terpadu"},
    "neediest_first": {"en": "need of empowerment", "id": "kebutuhan pemberdayaan"},
    "most_motivated": {"en": "motivation", "id": "motivasi"},
}

STAGES: Final[dict[str, dict[str, str]]] = {
    "unaware": {"en": "unaware", "id": "belum sadar"},
    "aware": {"en": "aware", "id": "sadar"},
    "trained": {"en": "trained", "id": "terlatih"},
    "acting": {"en": "acting", "id": "bertindak"},
    "independent": {"en": "independent", "id": "mandiri"},
}

REGIONS: Final[dict[str, dict[str, str]]] = {
    "urban": {"en": "urban", "id": "perkotaan"},
    "peri_urban": {"en": "at the edge of a city", "id": "pinggiran kota"},
    "rural_road": {"en": "rural, by a road", "id": "perdesaan di tepi jalan"},
    "interior": {"en": "in the interior", "id": "pedalaman"},
    "small_island": {"en": "on a small island", "id": "pulau kecil"},
}

WORDS: Final[dict[str, dict[str, str]]] = {
    "severe": {"en": "severely", "id": "berat"},
    "moderate": {"en": "moderately", "id": "sedang"},
    "under": {"en": "Under “{policy}”: ", "id": "Dalam “{policy}”: "},
    "both": {"en": "Under both: ", "id": "Dalam keduanya: "},
    "when": {"en": "{month} of year {year}", "id": "{month} tahun ke-{year}"},
    "because": {"en": " ({parts})", "id": " ({parts})"},
    "seen": {"en": "as registered", "id": "menurut data terpadu"},
    "above": {"en": "above the limit {limit}", "id": "di atas batas {limit}"},
    "below": {"en": "below the limit {limit}", "id": "di bawah batas {limit}"},
    "places": {"en": "{n} places", "id": "{n} tempat"},
    "place": {"en": "1 place", "id": "1 tempat"},
    "head": {
        "en": "Household {id}, village {village} ({region}): {size} persons, {children} of school age, {years} "
        "years of "
        "schooling. When the policies begin it lives on {start} a month, {ratio} times the poverty line.",
        "id": "Rumah tangga {id}, desa {village} ({region}): {size} jiwa, {children} usia sekolah, lama sekolah "
        "{years} tahun. "
        "Ketika kebijakan dimulai pengeluarannya {start} sebulan, {ratio} kali garis kemiskinan.",
    },
    "same": {
        "en": "The two lives are the same to the last bit: nothing of “{b}” reaches this household that “{a}” "
        "does not.",
        "id": "Kedua kehidupan sama persis: tidak ada yang sampai ke rumah tangga ini dari “{b}” yang tidak "
        "dari “{a}”.",
    },
    "parts_village": {
        "en": "The lives part in {when}, through the neighbours: the village is not the same ({what}).",
        "id": "Kedua kehidupan berpisah pada {when}, lewat tetangga: keadaan desa berbeda ({what}).",
    },
    "parts_dose": {
        "en": "The lives part in {when}, through what reaches the household: {what}.",
        "id": "Kedua kehidupan berpisah pada {when}, karena yang diterima rumah tangga: {what}.",
    },
    "parts_mentor": {
        "en": "The lives part in {when}, with a change of mentor.",
        "id": "Kedua kehidupan berpisah pada {when}, karena pergantian pendamping.",
    },
    "parts_state": {"en": "The lives part in {when}: {what}.", "id": "Kedua kehidupan berpisah pada {when}: {what}."},
    "reached": {
        "en": "The household itself is first reached in {when}: {what}.",
        "id": "Rumah tangga itu sendiri pertama kali dijangkau pada {when}: {what}.",
    },
    "never": {
        "en": "Neither policy reaches the household in a way the other does not; it differs through its "
        "neighbours only.",
        "id": "Tidak ada perbedaan yang langsung sampai ke rumah tangga; perbedaannya hanya lewat tetangga.",
    },
    "end": {
        "en": "In the last {months} it consumes {change} a month under “{b}” than under “{a}” ({parts}).",
        "id": "Dalam {months} terakhir pengeluarannya {change} sebulan dalam “{b}” daripada “{a}” ({parts}).",
    },
    "more": {"en": "{amount} more", "id": "lebih besar {amount}"},
    "less": {"en": "{amount} less", "id": "lebih kecil {amount}"},
    "count_attends": {"en": "{n} months attended", "id": "{n} bulan hadir"},
    "count_misses": {"en": "{n} months stayed away", "id": "{n} bulan tidak hadir"},
    "count_visited": {"en": "{n} months with a visit", "id": "{n} bulan dengan kunjungan"},
    "count_not_visited": {"en": "{n} months passed over by the mentor", "id": "{n} bulan terlewat oleh pendamping"},
    "count_no_mentor": {"en": "{n} months without a mentor in post", "id": "{n} bulan tanpa pendamping"},
    "count_place_not_won": {
        "en": "{n} more intakes without a place",
        "id": "{n} penerimaan lagi tanpa mendapat tempat",
    },
}

NAMES: Final[dict[str, dict[str, str]]] = {
    # columns of a household
    "consumption": {"en": "consumption against the line", "id": "pengeluaran terhadap garis kemiskinan"},
    "literacy": {"en": "literacy (0 to 1)", "id": "keaksaraan (0 sampai 1)"},
    "children": {"en": "number of children of school age", "id": "jumlah anak usia sekolah"},
    "schooling_years": {"en": "years of schooling", "id": "lama sekolah (tahun)"},
    "female_head": {"en": "headed by a woman (1) or not (0)", "id": "dikepalai perempuan (1) atau tidak (0)"},
    "size": {"en": "number of persons", "id": "jumlah jiwa"},
    "assets": {"en": "productive assets (k)", "id": "aset produktif (k)"},
    "in_school": {"en": "children in school (1) or not (0)", "id": "anak bersekolah (1) atau tidak (0)"},
    "illness": {"en": "illness (0 to 2)", "id": "sakit (0 sampai 2)"},
    "trust": {"en": "trust in the mentor", "id": "kepercayaan kepada pendamping"},
    # what neighbours share
    "mean_income": {"en": "mean income of the village", "id": "pendapatan rata-rata desa"},
    "mean_practice": {"en": "mean business practice of the village", "id": "praktik usaha rata-rata desa"},
    "mean_participation": {"en": "mean participation of the village", "id": "partisipasi rata-rata desa"},
    "mean_poor": {"en": "poor share of the village", "id": "bagian miskin di desa"},
    "collective": {"en": "collective capability", "id": "kemampuan kolektif"},
    "culture": {"en": "local values kept", "id": "nilai budaya setempat"},
    # what reaches a household
    "technical": {"en": "technical course", "id": "kursus teknis"},
    "business": {"en": "business course", "id": "kursus usaha"},
    "initiative": {"en": "course on initiative", "id": "kursus prakarsa"},
    "tutoring": {"en": "tutoring of the children", "id": "bimbingan belajar anak"},
    "health_group": {"en": "health group meetings", "id": "pertemuan kelompok kesehatan"},
    "prevention": {"en": "meetings on prevention", "id": "pertemuan pencegahan penyakit"},
    "basic_care": {"en": "meetings on basic care", "id": "pertemuan perawatan dasar"},
    "nutrition": {"en": "meetings on nutrition", "id": "pertemuan gizi"},
    "reproductive": {"en": "meetings on reproductive health", "id": "pertemuan kesehatan reproduksi"},
    "brokering": {"en": "cases brokered", "id": "kasus yang diperantarai"},
    "deliberation": {"en": "village meetings", "id": "musyawarah desa"},
    "fit": {"en": "cultural fit", "id": "kesesuaian budaya"},
    "scholarship": {"en": "scholarship", "id": "beasiswa"},
    "saving": {"en": "obligatory saving", "id": "tabungan wajib"},
    "stipend": {"en": "stipend (lines)", "id": "tunjangan (garis kemiskinan)"},
    "asset_grant": {"en": "asset grant (lines)", "id": "hibah aset (garis kemiskinan)"},
    "cash_grant": {"en": "cash grant (lines)", "id": "hibah tunai (garis kemiskinan)"},
    "visits": {"en": "visits of a mentor", "id": "kunjungan pendamping"},
    "sessions": {"en": "group sessions of a mentor", "id": "pertemuan kelompok pendamping"},
}
"""What columns and channels are called in sentences."""
