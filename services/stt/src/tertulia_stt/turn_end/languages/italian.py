"""Italian."""

from __future__ import annotations

from tertulia_stt.turn_end.grammar import Grammar, phrases, words

GRAMMAR = Grammar(
    code="it",
    never_last=words(
        "il lo gli un uno una i le la di a da in con su per tra fra del dello della dei degli delle al allo alla ai agli "
        "alle dal dallo dalla dai dalle nel nello nella nei nelle sul sullo sulla sui sulle col l' un' dell' all' dall' "
        "nell' sull' e ed o oppure ma però che perché se quando mentre poiché benché anche come cui mio mia miei mie tuo "
        "tua suo sua suoi nostro nostra vostro loro molto troppo ogni qualche mi ti si ci vi ne c' d' senza verso durante "
        "fino quest' quell' dunque signor signora io"
    )
    - words("loro molto troppo mio mia tuo tua suo sua però perché miei anche come si nostro nostra io vostro ci"),
    rarely_last=words(
        "questo questa questi queste quello quella quelli quelle mio mia tuo tua suo sua miei non più meno anche perché come "
        "io però nostro nostra vostro quanti quante alcuni alcune altri altre altro altra molti molte tutti tutte ancora "
        "già quasi solo proprio forse allora tu lui lei"
    )
    - words("questo questa quello quella più meno altro tutti tutte ancora già solo tu lui lei allora perché come proprio"),
    subjects=words("io"),
    copulas=words("è sono siamo siete era erano ero ho hai ha abbiamo avete hanno aveva avevo c'è c'erano c'era sarà"),
    modals=words("posso puoi può possiamo potete potrei potresti devo devi deve dovrei vorrei vorresti voglio vuoi"),
    subordinators=words("se quando mentre perché poiché benché siccome"),
    questions=words("che cosa chi come quando dove perché quanto quanta quanti quante quale quali cos'è com'è dov'è qual"),
    fillers=words("ehm eh mh uhm mmm cioè beh"),
    openers=phrases(
        "voglio / vorrei / vorrei sapere / mi piacerebbe / volevo / volevo sapere / volevo dirti / volevo chiederti / devo / "
        "ho bisogno / puoi / puoi dirmi / mi puoi / mi puoi dire / potresti / potresti dirmi / sai / sai se / il fatto è / "
        "il problema è / la verità è / penso / credo / secondo me / mi sembra / suppongo / spero / mi chiedo / mi ricordo / "
        "per esempio / ad esempio / inoltre / tra l'altro / dimmi / raccontami / dammi / mostrami / c'era una volta / mi "
        "chiamo / il mio nome è / il mio numero è / sono / ho / c'è / è / ieri / l'altro giorno / non so se / non so cosa / "
        "vuoi / pensi / ti piacerebbe / quello che voglio dire è / in realtà / innanzitutto / prima di tutto / da un lato / "
        "dipende da / forse / il mio amico / la settimana scorsa / ha detto / stavo / stavo pensando / sto / che ne dici di "
        "/ abbiamo / siamo / io / noi / per favore / allora / insomma / quando io / se io"
    )
    - phrases("io / noi / sono"),
    tails=phrases(
        "in modo che / visto che / dato che / così che / a causa di / invece di / un po' di / più di / meno di / più che / "
        "bisogno di / voglia di / prima di / dopo di / grazie a / vicino a / per esempio / il fatto che / penso che / credo "
        "che / e poi / ma poi / e anche / ma anche / e io / ma io / perché io / che io / se io / quando io / che tu / se tu "
        "/ perché tu / che lui / perché lui / che lei / perché lei / due cose / tre cose / quanto segue / almeno / sto per / "
        "è un / è molto / è troppo / non è / ho un / mi piace molto il / uno dei / una delle / alle ore / le tre e / dimmi "
        "cosa / secondo me / con il mio / con la mia / il mio / la mia / del mio / della mia / i miei / le mie / il tuo / la "
        "tua / il suo / la sua / e mio / e mia / con mio / con mia / di mio / che mio / che mia / di mia / questo è / sono "
        "molto / era molto / questo non / io non / che non / ma non"
    )
    - phrases("almeno"),
    complete=phrases(
        "sì / no / certo / certamente / va bene / ok / okay / d'accordo / bene / benissimo / perfetto / ottimo / esatto / "
        "esattamente / giusto / vero / è vero / grazie / grazie mille / molte grazie / prego / di niente / non lo so / non "
        "so / nessuna idea / anch'io / anche io / neanch'io / buonanotte / buona notte / arrivederci / ciao ciao / a domani "
        "/ a dopo / a presto / ferma / fermati / basta / aspetta / continua / vai / vai avanti / cosa / che cosa / perché / "
        "come / chi / quando / dove / davvero / sul serio / perché no / e tu / e poi cosa / che altro / cos'altro / che "
        "succede / cosa succede / come stai / come va / come ti chiami / chi sei / tutto bene / è tutto / ti amo / ti voglio "
        "bene / sto bene / sono stanco / ho fame / capisco / ho capito / non capisco / non importa / fa niente / lascia "
        "perdere / buona idea / bella domanda / scusa / scusami / mi dispiace / zitto / silenzio / aiuto / ancora / di nuovo "
        "/ un'altra volta / niente / tutto / tutti e due / non ancora / sì grazie / no grazie / sì per favore / volentieri / "
        "dipende / andiamo / che bello / assolutamente / assolutamente no / certo che sì / cosa ne pensi / che ne pensi"
    ),
    greetings=phrases("ciao / buongiorno / buonasera / salve / ok / bene"),
    calls=words("ehi hey senti ascolta cara caro e o ed"),
    tags=phrases("per favore / vero / non è vero / no / giusto / non credi / grazie / per piacere / anche / non è così"),
    imperatives=words(
        "racconta raccontami raccontaci canta suona leggi spiega spiegami descrivi mostra mostrami dammi ferma comincia "
        "accendi spegni apri chiudi ripeti di' dimmi parla parlami fai fammi cerca traduci consiglia consigliami aiutami "
        "chiedi rispondi ricordami chiama metti porta portami prendi vieni lascia scrivi immagina indovina aspetta ascolta "
        "guarda conta"
    ),
    transitives=words("voglio vorrei vuoi preferisco odio cerco comprato preso trovato detto fatto"),
    negations=words("io non ho abbiamo anche sempre"),
    tens=words("trenta quaranta cinquanta sessanta settanta ottanta novanta"),
    points=words("virgola"),
    digits=words("zero uno due tre quattro cinque sei sette otto nove"),
    phone_words=phrases("telefono / il mio numero / cellulare"),
    firsts=words("primo innanzitutto"),
    nexts=words("secondo terzo poi"),
    lead=words("e ma allora dunque bene ah oh sì no ok beh senti scusa quindi o però eh ora"),
    common=words("il gli che è di un una per con non sono della ma più mi ti anche questo ho si nel molto ieri al mio mia"),
)
