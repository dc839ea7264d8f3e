"""Turkish.

There are no `questions`: a question word may follow its subject ("Rex ne düşünüyor?" does not address Rex).
"""

from typing import Final

from tertulia_llm.text.addressing.lexicon import lexicon

TURKISH: Final = lexicon(
    openers="""
        merhaba, selam, selamlar, hey, alo, ah, oh, ay, şey, peki, evet, hayır, yok, tamam, tamamdır, olur, ok,
        lütfen, teşekkürler, teşekkür ederim, çok teşekkür ederim, çok teşekkürler, sağ ol, sağol, eyvallah,
        özür dilerim, pardon, affedersin, kusura bakma, günaydın, iyi günler, iyi akşamlar, iyi geceler, güle
        güle, hoşça kal, görüşürüz, hoş geldin, dinle, baksana, bak, bekle, dur, bir dakika, gel, hadi, haydi,
        ve, ama, ya da, veya, de, da, sevgili, canım, dostum, arkadaşım, güzel, harika, bravo, aynen, doğru,
        gerçekten, cidden, bu arada, söyle, söylesene, anlat, anlatsana, senin için, sıra sende, devam et,
        tabii, tabii ki, elbette, kesinlikle, nasılsın, ne haber, naber, sen, ya sen, peki ya, ya, önce, tekrar,
        soru, tebrikler, aferin, şimdi, yani, işte, o zaman, sence, senin fikrince, sana göre, size göre, sizce,
        her şey yolunda mı, söyler misiniz, söyleyin, afedersiniz, affedersiniz, bakar mısınız, dinleyin
    """,
    remarks="""
        evet, hayır, tamam, olur, ok, teşekkürler, teşekkür ederim, çok teşekkür ederim, çok teşekkürler, sağ
        ol, sağol, özür dilerim, güzel, harika, bravo, aynen, doğru, tabii, tabii ki, elbette, ah, oh, aferin,
        tebrikler
    """,
    conjunctions="ve ile veya",
    first="ben biz",
    second="sen seni sana sende senden senin sence seninle kendin",
    plural="siz sizi size sizde sizden sizin sizce sizinle hepiniz hepinize hepinizin",
    polite="siz sizi size sizde sizden sizin sizce sizinle",
    auxiliaries="var yok mı mi mu mü",
    verbs="""
        söyle anlat açıkla dinle gel git ver göster yap bırak al bekle düşün oku çal kal tarif cevapla çevir
        tekrarla yaz tahmin sus söylesene anlatsana baksana yardım devam hatırla hayal seç konuş uyan misin
        mısın musun müsün misiniz
    """,
    clitics="bana beni bize bunu şunu de da",
    before="""
        bir bu şu o benim onun bizim için ile gibi kadar göre ve ama çünkü eğer ne kim nerede hangi zavallı
        küçük sevgilim adım ismi
    """,
    determiners="bir bu şu o benim senin onun bizim",
    ends="""
        sen seni sana ben beni bana bizi bize onu bunu burada şimdi bugün yarın dün lütfen de da iyi kötü geç
        erken hep asla hiç her şey daha çok az yorgunum mutlu üzgün gerçekten sonra haklısın nasılsın misin
        mısın musun müsün haber var yok bence sence ya
    """,
    except_before="sen değil, sana değil",
    except_after="""
        hariç, dışında, haricinde, değil, olmadan, olmasın, yerine, karışmasın, sussun, olmaz, cevap vermesin
    """,
    not_you="""
        sen değil, sen hariç, seni değil, sana değil, sana sormadım, sana sormuyorum, sana demedim, seninle
        konuşmuyorum, seni kastetmedim, seni kastetmiyorum, senin sıran değil, ama sen değil, senden başka, sen
        karışma, sen sus
    """,
    everyone="""
        herkes, arkadaşlar, millet, dostlar, dostlarım, çocuklar, gençler, hanımlar beyler, hanımlar ve beyler,
        ekip, beyler, hanımlar, herkese
    """,
    short_everyone="hep birlikte, birlikte",
    you_all="""
        hepiniz, hepinize, hepinizin, siz hepiniz, her biriniz, her birinize, siz üçünüz, üçünüz, üçünüze, sizin
        hepiniz, hanginiz, hanginizin, hepinizi
    """,
    you_two="ikiniz, siz ikiniz, ikinize, her ikiniz, siz ikinize, ikinizin",
    the_two="ikisi",
    others="""
        diğerleri, ötekiler, diğerleriniz, geri kalanlar, diğer ikisi, geri kalanınız, başkaları, diğerlerine
    """,
    one_of_you="kim olursa, biriniz, birisi, biri, herhangi biri, kimse",
    feedback="""
        nereden sahi artık canım biliyorsun faydalı şaşırtıcı çılgın korkunç muhteşem yalan üzücü aman hayret
        nasıl açıklayabilir misin tekrarlar anlatır anlayamadım neden niye niçin ne kim nerede hangi gerçekten
        cidden ciddi sahiden teşekkürler teşekkür ederim sağ ol sağol eyvallah güzel harika süper mükemmel
        ilginç komik garip tuhaf inanılmaz imkansız saçma saçmalık doğru yanlış aynen kesinlikle haklısın emin
        eminim demek istedin istiyorsun açıkla açıklar açıklasana devam daha fazla tekrar tekrarla pardon ah oh
        hm haha tamam evet hayır yok belki tabii elbette iyi kötü yazık anladım anlamadım anlıyorum anlıyor
        inanıyorum inanmıyorum sanmam biliyorum biliyor bilmiyorum örnek mesela örneğin oldu olmuş sonra o zaman
        peki anlat anlatsana diyorsun dedin düşünüyorsun şaka yapıyorsun mantıklı katılıyorum bravo vay yani
        bitti efendim ciddisin emindin hadi ya valla öyle başka biraz anlamda
    """,
    fillers="""
        bu şu o bunu şunu onu buna şuna ona bunun bundan böyle öyle şöyle sen seni sana senin ben beni bana
        benim biz bir ve ama ki mi mı mu mü misin mısın musun müsün de da ile için gibi kadar çok az biraz hiç
        her şey kez kere lütfen misiniz eder edersin ederim eden var yok ya ise hala şimdi burada et olarak
        konuda hakkında verir ver bence ne yani demekti olur yapma yaptın daha fazla ondan tam ediyor
    """,
    second_verb=r"""
        \w{2,}(sın|sin|sun|sün|sınız|sana|sene)
        \w{3,}(dın|din|dun|dün|tın|tin|tun|tün)
        sence|sizce|aç|kapat|öner|karşılaştır|başla|bitir|özetle|hesapla|say|seç|sor|ara|bul|getir|koş|otur|kalk|dene|düzelt|
            gönder|hatırlat|et|ol|dur|sil|ekle|değiştir|kontrol|oyna|yürü|uyu|ye|iç|pişir|çiz|öğret|göz
    """,
    plural_verb=r"""
        \w{2,}(sınız|siniz|sunuz|sünüz)
        söyleyin|anlatın|dinleyin|bakın|gelin|tanıtın|bekleyin|düşünün|konuşun
        \w{2,}(dınız|diniz|dunuz|dünüz|tınız|tiniz)
    """,
    asks_named=r"""
        ^(peki |ve |ama |ya )*X( ya)?$
        ^(peki |ve |ama )*(ya|peki) X\b
        \bX (bu konuda |bunun hakkında |buna |bu işe )?ne (düşünüyor|diyor|der|derdi|yapardı|önerir)\b
        \bX (ye|ya|e|a) göre\b
        \bX (cevap versin|söylesin|anlatsın|konuşsun|açıklasın|başlasın)\b
        \bsıra X\b
        \bX (soruyorum|sordum|konuşuyorum|duymak istiyorum|dinlemek istiyorum|kastettim|kastediyorum)\b
        \bX fikri ne\b|\bX görüşü\b
        ^(sadece|yalnızca) X$
    """,
    asks_all=r"""
        \bE (bu konuda )?ne (düşünüyor|diyor|der|ister)\b
        \bE (hazır|burada|iyi|tamam) mı\b
        \bE (cevap versin|söylesin|anlatsın|konuşsun)\b
        \bE (ne düşünüyor|ne diyor|cevap versin)
    """,
    discussion=r"""
        \b(kendi )?aranızda( bunu| bu konuyu| biraz)? (tartışın|konuşun|görüşün|sohbet)\b
        \b(bunu |bu konuyu )*(tartışın|görüşün)( (siz|ikiniz|hepiniz|X)|$)
        \b(ikiniz|hepiniz|X ve X|birbirinizle) (bunu |bu konuyu )*(tartışın|konuşun|tartışsın|konuşsun|sohbet edin)
            \b
        \btartışın ikiniz\b
    """,
)
