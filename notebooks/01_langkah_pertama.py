# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. Langkah pertama
#
# *Sepuluh menit. In English: [01_first_steps](01_first_steps.ipynb).*
#
# Kota Medan mempunyai anggaran Rp 60 miliar per tahun untuk pemberdayaan masyarakat. Pelatihan keterampilan?
# Keaksaraan? Beasiswa? Penyuluhan kesehatan? Kewirausahaan? Atau sedikit dari semuanya? Dan apakah pendamping, yang
# mengunjungi keluarga, sepadan dengan biaya salah satu program itu?
#
# `empowersim` menjalankan ribuan rumah tangga rekaan melalui lima tahun yang sama di bawah tiap kebijakan ini, lalu
# membandingkan hasilnya.

# %%
# %matplotlib inline
import empowersim as es
from empowersim.fronts.notebook import show
from empowersim.fronts.numbers import in_hundred, number, percent, rupiah

# %% [markdown]
# ## Apa yang dibandingkan?
#
# **Skenario** adalah berkas teks kecil: satu dunia, dan beberapa kebijakan yang hanya menyebut perbedaannya. Beberapa
# skenario sudah tersedia dan dipanggil dengan namanya. Skenario `medan` memuat kebijakan berikut:

# %%
scenario = es.load("medan")
for policy in scenario.policies:
    print(f"{policy:22} {scenario.labels[policy]['id']}")

# %% [markdown]
# ## Membandingkan
#
# Sebanyak 2.000 rumah tangga mewakili seluruh kota. Tidak ada yang tahu apa yang akan terjadi dalam lima tahun, maka
# masa itu dijalani dua puluh kali: dua puluh **kemungkinan** masa depan, masing-masing dengan sakit, panen, dan
# kehilangan pekerjaannya sendiri. Di dalam satu kemungkinan, semua kebijakan menghadapi peristiwa acak yang persis
# sama.

# %%
result = es.compare(scenario, households=2000, replicates=20)
show(result, lang="id")

# %% [markdown]
# Perhatikan satu sel. Baris pertama adalah *tingkat*: di dalamnya ada segala yang terjadi di Medan, dengan atau tanpa
# program. Baris di bawahnya adalah *selisih* terhadap keadaan tanpa program, dan itulah hasil kerja kebijakan.
# Seberapa besar yang satu dibandingkan dengan yang lain?
#
# ## Berapa besar, dan seberapa pasti?

# %% tags=["docs"]
es.plots.differences(result, "poverty_headcount", lang="id").figure

# %% [markdown]
# Tiap titik menunjukkan perubahan karena suatu kebijakan, tiap garis menunjukkan selang 95 %. Selang yang mencapai
# nol berarti: dengan kemungkinan sebanyak ini kita belum dapat membedakannya dari nol.
#
# - Kebijakan mana yang Anda pilih menurut gambar ini?
# - Ada dua selang yang saling tumpang tindih. Apakah itu berarti kedua kebijakannya tidak dapat dibedakan? (Keduanya menjalani
#   kemungkinan yang sama: [buku catatan 3](03_comparing_mixes_honestly.ipynb), dalam bahasa Inggris, membahasnya.)
#
# ## Kapan dampaknya terlihat?

# %%
es.plots.effects(
    result, "poverty_headcount", policies=["skills_training", "adult_literacy", "mix_mentors"], lang="id"
).figure

# %% [markdown]
# Garis putus-putus adalah acuan: selisih keadaan tanpa program terhadap dirinya sendiri. Dampak siapa yang datang
# lebih awal, siapa yang lambat? Adakah yang sudah berhenti tumbuh pada akhirnya? Apa yang dilihat wali kota yang
# hanya memeriksa setelah satu tahun?
#
# ## Kemiskinan bukan segalanya
#
# Persentase penduduk miskin menghitung orang di bawah sebuah garis. Ukuran itu tidak menanyakan *seberapa jauh* di
# bawahnya, atau apakah anak-anak belajar. Kebijakan mana yang terbaik untuk tiap hasil?

# %%
table = result.to_frame(lang="id")
table = table[table.policy != result.reference]
asked = [
    "poverty_headcount",
    "poverty_gap",
    "bottom40_consumption",
    "literacy",
    "health",
    "schooling",
    "empowerment_index",
]
for outcome in asked:
    best = table[table.outcome == outcome].sort_values("probability_best", ascending=False).iloc[0]
    print(f"{es.plots.name_of(outcome, 'id'):36} {best.label}: terbaik dalam {in_hundred(best.probability_best, 'id')}")

# %% [markdown]
# Apakah satu kebijakan terbaik di setiap baris? Jika tidak, pilihannya bergantung pada *tujuan* program, dan itu
# tidak dapat dijawab oleh model mana pun.
#
# ## Siapa yang membaik, siapa yang memburuk?
#
# Rata-rata menyembunyikan orang. Tiap rumah tangga dibandingkan dengan *dirinya sendiri* dalam kemungkinan yang sama
# tanpa program.

# %%
es.plots.winners(result, policy="mix_mentors", by="quintile", lang="id").figure

# %% [markdown]
# Kuintil 1 adalah seperlima termiskin. Apakah mereka yang pertama terjangkau? Dan bagaimana mungkin sebuah program
# membuat rumah tangga memburuk? Satu hari pelatihan berarti satu hari tidak bekerja, dan tempat yang diperoleh satu
# keluarga tidak diperoleh keluarga lain.
#
# ## Berapa biayanya?

# %%
money = table[table.outcome.isin(["cost", "cost_per_household_year_out_of_poverty"])].pivot(
    index="label", columns="outcome", values="mean"
)
money = money.sort_values("cost_per_household_year_out_of_poverty").map(lambda value: rupiah(value, "id"))
money.columns = [es.plots.name_of(name, "id") for name in money.columns]
money.rename_axis("kebijakan")

# %% [markdown]
# Tahun keluar dari kemiskinan yang termurah tidak harus dihasilkan oleh kebijakan yang menghasilkan paling banyak:
# program yang diminati sedikit orang bisa murah *bagi tiap orang* dan tetap meninggalkan kota seperti semula.
# Bandingkan tabel ini dengan gambar pertama.
#
# ## Dapatkah diulang?
#
# Semua keacakan berasal dari satu bilangan, yaitu benih (`seed`). Pertanyaan yang sama memberi jawaban yang sama,
# sampai angka terakhir, di komputer mana pun:

# %%
again = es.compare(scenario, households=2000, replicates=20)
print("hasil sama:", "ya" if again.to_json() == result.to_json() else "tidak", "- namanya:", result.run_id)
assert again.to_json() == result.to_json()

# %% [markdown]
# ## Apa dasarnya?
#
# Tiap angka di dalam model menyebut sumbernya. Banyak di antaranya asumsi, karena belum ada yang mengukurnya di
# Medan.

# %%
assumed, used = result.assumed
print(
    f"{number(assumed, 0, 'id')} dari {number(used, 0, 'id')} angka yang dipakai adalah asumsi ({percent(assumed / used, 0, 'id')})."
)

# %% [markdown]
# Hasil seperti ini **bukan ramalan**. Artinya: *jika* dunia seperti model ini, *maka* demikianlah urutan kebijakannya.
# [Buku catatan 6](06_sensitivity_and_uncertainty.ipynb) (dalam bahasa Inggris) menanyakan asumsi mana yang menentukan
# urutan itu.
#
# ## Latihan
#
# **1.** Kebijakan mana yang terbaik bagi mereka yang *jauh* di bawah garis kemiskinan? Gambarlah selisih indeks
# kedalaman kemiskinan.
#
# <details><summary>Jawaban</summary>
#
# ```python
# es.plots.differences(result, "poverty_gap", lang="id").figure
# ```
#
# Indeks kedalaman menghitung seberapa jauh orang hidup di bawah garis, sehingga bantuan yang tidak mengangkat siapa
# pun melewati garis pun terlihat.
#
# </details>
#
# **2.** Wali kota berikutnya dipilih dua tahun lagi. Bandingkan selama 24 bulan. Apakah urutannya berubah?
#
# <details><summary>Jawaban</summary>
#
# ```python
# short = es.compare(scenario, households=2000, replicates=20, months=24)
#
#
# def order(found):
#     rows = found.to_frame(lang="id").query("outcome == 'poverty_headcount' and policy != @found.reference")
#     return rows.sort_values("difference").label.tolist()
#
#
# for place, (two, five) in enumerate(zip(order(short), order(result)), start=1):
#     print(f"{place}. setelah dua tahun: {two:36} setelah lima: {five}")
# ```
#
# Pelatihan selesai dalam hitungan bulan, satu tahun ajaran tidak: buah beberapa program baru terlihat setelah
# pemilihan.
#
# </details>
#
# **3.** Berapa banyak kemungkinan yang Anda perlukan? Bandingkan hanya `skills_training` dan `mix_mentors` dalam 4
# dan dalam 40 kemungkinan. Apa yang terjadi pada selangnya?
#
# <details><summary>Jawaban</summary>
#
# ```python
# for futures in (4, 40):
#     found = es.compare(scenario, policies=["skills_training", "mix_mentors"], households=2000, replicates=futures)
#     rows = found.to_frame(lang="id").query("outcome == 'poverty_headcount' and policy != 'no_programme'")
#     for row in rows.itertuples():
#         width = number(100 * (row.difference_high - row.difference_low), 2, "id")
#         print(f"{futures} kemungkinan, {row.label:28} selisih {number(100 * row.difference, 2, 'id')} poin, lebar selang {width} poin")
# ```
#
# Biasanya sepuluh kali lebih banyak kemungkinan membuat selang kira-kira tiga kali lebih sempit: akar dari sepuluh.
# Jika mulai dari empat, selangnya menyempit lebih banyak lagi, kira-kira lima kali: dari empat kemungkinan saja belum
# jelas seberapa jauh kemungkinan itu berbeda-beda, sehingga selangnya dilebarkan (distribusi t
# Student).
#
# </details>
#
# **4.** Apakah yang termiskin terjangkau oleh pelatihan keterampilan? Carilah kuintil yang paling banyak membaik.
#
# <details><summary>Jawaban</summary>
#
# ```python
# rows = result.table("winners").to_pandas().query("policy == 'skills_training' and dimension == 'quintile' and figure == 'better'")
# for row in rows.sort_values("mean", ascending=False).itertuples():
#     print(f"kuintil {row.group}: {percent(row.mean, 1, 'id')} rumah tangga membaik")
# es.plots.winners(result, policy="skills_training", lang="id").figure
# ```
#
# </details>
#
# *Berikutnya (dalam bahasa Inggris):* [apa yang diubah oleh seorang pendamping](02_what_a_mentor_changes.ipynb) dalam
# kehidupan satu rumah tangga. Kisah itu dapat dibaca dalam bahasa Indonesia dengan `show(told, lang="id")`.
