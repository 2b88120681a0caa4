"""The sentences of ``sentences`` for the signs of due diligence."""

from __future__ import annotations

SENTENCES: dict[str, list[tuple[str, str | None]]] = {
    "dd.cross-default": [
        (
            "The notes are subject to cross default above $50,000.",
            "There is no cross-default.",
        ),
        (
            "The events of default include the termination of a Key Contract.",
            "The termination of a Key Contract is not an event of default.",
        ),
        (
            "Loss of any material licence shall be an event of default.",
            "Loss of any material licence shall not be an event of default.",
        ),
        (
            "Default under any other debt makes the loan immediately due.",
            "A default under any other debt does not make the loan immediately due.",
        ),
    ],
    "dd.ip-not-owned": [
        (
            "The Prior Inventions remain the property of the Employee.",
            None,
        ),
        (
            "Work created before the engagement remains with the Consultant.",
            None,
        ),
        (
            "He grants a licence for as long as he is employed.",
            "No licence is granted while he is employed.",
        ),
    ],
    "dd.renewal": [
        (
            "This agreement shall be automatically renewed for a year.",
            "This agreement shall not be automatically renewed.",
        ),
        (
            "The subscription renews automatically.",
            "The licence does not renew automatically.",
        ),
        (
            "It continues for successive terms of one year.",
            "There shall be no successive terms.",
        ),
        (
            "Thereafter it runs from year to year.",
            "It ceases to run from year to year.",
        ),
    ],
    "dd.change-of-control": [
        (
            "Upon a change of control the Customer may terminate.",
            "A change in the ownership of the shares of a party is not a transfer.",
        ),
        (
            "It ends if the Parent ceases to control the Supplier.",
            None,
        ),
        (
            "Any person who gains control of the Company must offer to buy the rest.",
            "No person has obtained control of the Company.",
        ),
        (
            "If the holder of more than half of the voting shares sells them, it may terminate.",
            "Control means holding more than half of the voting shares of a company.",
        ),
        (
            "After a merger with a competitor the Licensor may terminate.",
            "After a merger of its suppliers the Licensor need not consent.",
        ),
        (
            "This agreement terminates one year after the closing of any sale of the Company.",
            "Nothing terminates upon a sale of the Company.",
        ),
        (
            "If the Parent sells the Company to a competitor, the Bank may terminate.",
            "The Parent sells the Company to nobody.",
        ),
        (
            "If a majority of the equity of Cask, Inc. is acquired, either may terminate.",
            "A majority of the shares was acquired in 2019.",
        ),
        (
            "It may end this agreement if Cask sells substantially all of its assets.",
            "Cask never sells substantially all of its assets.",
        ),
        (
            "It shall not be assigned, by way of a merger or otherwise.",
            "It shall not be assigned except in connection with a merger.",
        ),
        (
            "The Licensee shall not without consent undergo a change of control.",
            "A listing shall not constitute a change of control.",
        ),
    ],
    "dd.assignment": [
        (
            "The Tenant shall not assign the whole of the premises.",
            "Either party may assign this agreement without the consent of the other.",
        ),
        (
            "This agreement may not be assigned.",
            "This agreement may be assigned.",
        ),
        (
            "The licence is not transferable.",
            "The licence is freely transferable.",
        ),
        (
            "Neither party may novate its rights.",
            "Each party may novate its rights.",
        ),
        (
            "Neither this agreement nor any right under it shall be assigned.",
            "This agreement and any right under it may be assigned.",
        ),
        (
            "No assignment of this agreement is valid.",
            "An assignment of this agreement is valid.",
        ),
        (
            "An assignment requires the prior written consent of the Bank.",
            "An assignment never requires the consent of the Bank.",
        ),
    ],
    "dd.revenue-share": [
        (
            "The Licensee shall pay a royalty on each barrel.",
            "No royalty is payable.",
        ),
        (
            "The Agent is paid a commission.",
            "The Agent is not paid a commission.",
        ),
        (
            "The Distributor keeps 15% of Net Revenue.",
            "The number of shares is raised by 4% a year.",
        ),
        (
            "Profits of the venture are shared equally.",
            "Profits of the venture are not shared.",
        ),
    ],
    "dd.exclusivity": [
        (
            "The Principal grants an exclusive right to sell in Spain.",
            "The Licensor grants a non-exclusive, non-transferable licence.",
        ),
        (
            "The Buyer shall deal exclusively with the Supplier.",
            "The Buyer need not deal exclusively with the Supplier.",
        ),
        (
            "The Distributor enjoys exclusivity in the Territory.",
            "The Distributor has no exclusivity in the Territory.",
        ),
        (
            "The Principal appoints it as its sole distributor.",
            "The Principal never appoints a sole distributor.",
        ),
        (
            "The Buyer shall buy ninety per cent of its requirements from it.",
            "The Buyer is not obliged to buy all of its requirements from it.",
        ),
        (
            "The Supplier shall not sell the goods to any other customer.",
            "The Supplier may sell the goods to any other customer.",
        ),
    ],
    "dd.non-compete": [
        (
            "The parties have agreed a non-compete of two years.",
            "The parties compete in several markets.",
        ),
        (
            "She shall not for a year engage in any business that competes with it.",
            "She may engage in a business that competes with it.",
        ),
        (
            "The Seller shall refrain from directly competing with the Buyer.",
            "The Seller is not restrained from competing with the Buyer.",
        ),
    ],
    "dd.uncapped-liability": [
        (
            "The Supplier has unlimited liability for fraud.",
            "The Supplier does not accept unlimited liability.",
        ),
        (
            "The Supplier's liability for data loss is unlimited.",
            "The Supplier's liability is not unlimited.",
        ),
        (
            "The Licensor is liable without limit for intent.",
            "The Licensor is liable for loss including, without limitation, loss of data.",
        ),
        (
            "Nothing in this agreement limits liability for death.",
            "This clause limits liability for loss of profit.",
        ),
        (
            "The limit in clause 11.3 does not apply to the indemnity.",
            "The limit in clause 11.3 applies to the indemnity.",
        ),
        (
            "Except for a breach of clause 9, its liability shall not exceed the fees.",
            "Its liability shall not exceed the fees.",
        ),
        (
            "Clause 11 does not apply to wilful misconduct.",
            "Clause 9 shall not apply to information that is public.",
        ),
    ],
    "dd.minimum-commitment": [
        (
            "The Distributor accepts the minimum annual purchase in Schedule B.",
            "There is no minimum purchase.",
        ),
        (
            "A minimum monthly fee of £500 is payable.",
            "Cover shall be of a minimum amount of £1,000,000 of insurance.",
        ),
        (
            "Gas is sold on a take-or-pay basis.",
            "Gas is never sold on a take or pay basis.",
        ),
        (
            "The Buyer shall pay the shortfall amount within thirty days.",
            "No shortfall payment is due.",
        ),
    ],
    "dd.amendment": [
        (
            "Clause 5.2 of the Agreement is hereby deleted.",
            "Clause 5.2 of the Agreement has not been altered.",
        ),
        (
            "In clause 6.2 the rate is to be replaced with: “four per cent”.",
            "The rate shall not be replaced by: a higher one.",
        ),
        (
            "It supersedes all earlier amendments.",
            "It never supersedes any earlier amendment.",
        ),
        (
            "In place of the limit in clause 9 the limit is £5.",
            None,
        ),
    ],
    "dd.missing-annex": [
        (
            "Schedule 4 was not attached to the copy received.",
            "Schedule 4 was attached to the copy received.",
        ),
        (
            "Exhibit B is to be agreed.",
            "No schedule is missing.",
        ),
        (
            "The survey has not been disclosed.",
            "The survey has been disclosed.",
        ),
    ],
    "dd.most-favoured": [
        (
            "The Buyer enjoys most-favoured customer status.",
            "The Buyer has no most favored status.",
        ),
        (
            "The price shall at no time be higher than the price for any other distributor.",
            "The price may be higher than the price for any other distributor.",
        ),
        (
            "Its terms are at least as favourable as those for any other client.",
            "Its terms are favourable to any other client.",
        ),
        (
            "It will not be charged a higher fee than other clients.",
            "It will be charged a higher fee than other clients.",
        ),
        (
            "It pays the lowest price that any other customer pays.",
            "It does not pay the lowest price that any other customer pays.",
        ),
    ],
    "dd.not-in-force": [
        ("Unsigned draft.", "No unsigned copies are kept."),
        ("Draft heads, subject to contract.", None),
        ("Draft 3: 20 August 2026", "The Buyer shall prepare a draft of the report."),
        (
            "Until it is executed this document has no legal effect.",
            "Any other assignment is void and of no legal effect.",
        ),
        ("This letter is not legally binding.", "This letter is legally binding."),
        ("The deed has not yet been executed.", "The deed has been executed."),
    ],
}
