"""What the FIX 4.4 dictionary says of the tags and messages that the reader and its errors speak of.

Names, groups and data fields are those of the QuickFIX dictionary of FIX 4.4 (`spec/FIX44.xml`), which also cover what
FIX 4.2 has. Tags that only FIX 4.2 knows are added by hand: IDSource(22) was renamed SecurityIDSource in FIX 4.3.
"""

from __future__ import annotations

from typing import Final

BEGIN_STRING: Final = 8
BODY_LENGTH: Final = 9
CHECK_SUM: Final = 10
MSG_TYPE: Final = 35
NEW_ORDER_SINGLE: Final = "D"

FIELD_NAMES: Final[dict[int, str]] = {
    1: "Account",
    6: "AvgPx",
    8: "BeginString",
    9: "BodyLength",
    10: "CheckSum",
    11: "ClOrdID",
    12: "Commission",
    13: "CommType",
    14: "CumQty",
    15: "Currency",
    17: "ExecID",
    18: "ExecInst",
    20: "ExecTransType",
    21: "HandlInst",
    22: "IDSource",
    29: "LastCapacity",
    30: "LastMkt",
    31: "LastPx",
    32: "LastQty",
    34: "MsgSeqNum",
    35: "MsgType",
    37: "OrderID",
    38: "OrderQty",
    39: "OrdStatus",
    40: "OrdType",
    41: "OrigClOrdID",
    43: "PossDupFlag",
    44: "Price",
    47: "Rule80A",
    48: "SecurityID",
    49: "SenderCompID",
    50: "SenderSubID",
    52: "SendingTime",
    54: "Side",
    55: "Symbol",
    56: "TargetCompID",
    57: "TargetSubID",
    58: "Text",
    59: "TimeInForce",
    60: "TransactTime",
    63: "SettlType",
    64: "SettlDate",
    75: "TradeDate",
    76: "ExecBroker",
    77: "PositionEffect",
    78: "NoAllocs",
    79: "AllocAccount",
    80: "AllocQty",
    89: "Signature",
    90: "SecureDataLen",
    91: "SecureData",
    93: "SignatureLength",
    95: "RawDataLength",
    96: "RawData",
    97: "PossResend",
    98: "EncryptMethod",
    99: "StopPx",
    100: "ExDestination",
    103: "OrdRejReason",
    108: "HeartBtInt",
    109: "ClientID",
    110: "MinQty",
    111: "MaxFloor",
    112: "TestReqID",
    114: "LocateReqd",
    115: "OnBehalfOfCompID",
    116: "OnBehalfOfSubID",
    117: "QuoteID",
    121: "ForexReq",
    122: "OrigSendingTime",
    126: "ExpireTime",
    128: "DeliverToCompID",
    129: "DeliverToSubID",
    141: "ResetSeqNumFlag",
    142: "SenderLocationID",
    143: "TargetLocationID",
    144: "OnBehalfOfLocationID",
    145: "DeliverToLocationID",
    150: "ExecType",
    151: "LeavesQty",
    152: "CashOrderQty",
    167: "SecurityType",
    200: "MaturityMonthYear",
    201: "PutOrCall",
    203: "CoveredOrUncovered",
    207: "SecurityExchange",
    211: "PegOffsetValue",
    212: "XmlDataLen",
    213: "XmlData",
    232: "NoStipulations",
    336: "TradingSessionID",
    347: "MessageEncoding",
    348: "EncodedIssuerLen",
    349: "EncodedIssuer",
    350: "EncodedSecurityDescLen",
    351: "EncodedSecurityDesc",
    352: "EncodedListExecInstLen",
    353: "EncodedListExecInst",
    354: "EncodedTextLen",
    355: "EncodedText",
    356: "EncodedSubjectLen",
    357: "EncodedSubject",
    358: "EncodedHeadlineLen",
    359: "EncodedHeadline",
    360: "EncodedAllocTextLen",
    361: "EncodedAllocText",
    362: "EncodedUnderlyingIssuerLen",
    363: "EncodedUnderlyingIssuer",
    364: "EncodedUnderlyingSecurityDescLen",
    365: "EncodedUnderlyingSecurityDesc",
    369: "LastMsgSeqNumProcessed",
    377: "SolicitedFlag",
    384: "NoMsgTypes",
    386: "NoTradingSessions",
    423: "PriceType",
    427: "GTBookingInst",
    432: "ExpireDate",
    445: "EncodedListStatusTextLen",
    446: "EncodedListStatusText",
    447: "PartyIDSource",
    448: "PartyID",
    452: "PartyRole",
    453: "NoPartyIDs",
    454: "NoSecurityAltID",
    455: "SecurityAltID",
    460: "Product",
    461: "CFICode",
    480: "CancellationRights",
    481: "MoneyLaunderingStatus",
    497: "FundRenewWaiv",
    516: "OrderPercent",
    526: "SecondaryClOrdID",
    528: "OrderCapacity",
    529: "OrderRestrictions",
    544: "CashMargin",
    581: "AccountType",
    582: "CustOrderCapacity",
    589: "DayBookingInst",
    590: "BookingUnit",
    591: "PreallocMethod",
    618: "EncodedLegIssuerLen",
    619: "EncodedLegIssuer",
    621: "EncodedLegSecurityDescLen",
    622: "EncodedLegSecurityDesc",
    627: "NoHops",
    628: "HopCompID",
    635: "ClearingFeeIndicator",
    660: "AcctIDSource",
    711: "NoUnderlyings",
    775: "BookingType",
    788: "TerminationType",
    847: "TargetStrategy",
    854: "QtyType",
    919: "DeliveryType",
}

MESSAGE_NAMES: Final[dict[str, str]] = {
    "0": "Heartbeat",
    "1": "TestRequest",
    "2": "ResendRequest",
    "3": "Reject",
    "4": "SequenceReset",
    "5": "Logout",
    "6": "IOI",
    "7": "Advertisement",
    "8": "ExecutionReport",
    "9": "OrderCancelReject",
    "A": "Logon",
    "B": "News",
    "C": "Email",
    "D": "NewOrderSingle",
    "E": "NewOrderList",
    "F": "OrderCancelRequest",
    "G": "OrderCancelReplaceRequest",
    "H": "OrderStatusRequest",
    "J": "AllocationInstruction",
    "K": "ListCancelRequest",
    "L": "ListExecute",
    "M": "ListStatusRequest",
    "N": "ListStatus",
    "P": "AllocationInstructionAck",
    "Q": "DontKnowTrade",
    "R": "QuoteRequest",
    "S": "Quote",
    "T": "SettlementInstructions",
    "V": "MarketDataRequest",
    "W": "MarketDataSnapshotFullRefresh",
    "X": "MarketDataIncrementalRefresh",
    "Y": "MarketDataRequestReject",
    "Z": "QuoteCancel",
    "a": "QuoteStatusRequest",
    "b": "MassQuoteAcknowledgement",
    "c": "SecurityDefinitionRequest",
    "d": "SecurityDefinition",
    "e": "SecurityStatusRequest",
    "f": "SecurityStatus",
    "g": "TradingSessionStatusRequest",
    "h": "TradingSessionStatus",
    "i": "MassQuote",
    "j": "BusinessMessageReject",
    "k": "BidRequest",
    "l": "BidResponse",
    "m": "ListStrikePrice",
    "n": "XMLnonFIX",
    "o": "RegistrationInstructions",
    "p": "RegistrationInstructionsResponse",
    "q": "OrderMassCancelRequest",
    "r": "OrderMassCancelReport",
    "s": "NewOrderCross",
    "t": "CrossOrderCancelReplaceRequest",
    "u": "CrossOrderCancelRequest",
    "v": "SecurityTypeRequest",
    "w": "SecurityTypes",
    "x": "SecurityListRequest",
    "y": "SecurityList",
    "z": "DerivativeSecurityListRequest",
    "AA": "DerivativeSecurityList",
    "AB": "NewOrderMultileg",
    "AC": "MultilegOrderCancelReplace",
    "AD": "TradeCaptureReportRequest",
    "AE": "TradeCaptureReport",
    "AF": "OrderMassStatusRequest",
    "AG": "QuoteRequestReject",
    "AH": "RFQRequest",
    "AI": "QuoteStatusReport",
    "AJ": "QuoteResponse",
    "AK": "Confirmation",
    "AL": "PositionMaintenanceRequest",
    "AM": "PositionMaintenanceReport",
    "AN": "RequestForPositions",
    "AO": "RequestForPositionsAck",
    "AP": "PositionReport",
    "AQ": "TradeCaptureReportRequestAck",
    "AR": "TradeCaptureReportAck",
    "AS": "AllocationReport",
    "AT": "AllocationReportAck",
    "AU": "ConfirmationAck",
    "AV": "SettlementInstructionRequest",
    "AW": "AssignmentReport",
    "AX": "CollateralRequest",
    "AY": "CollateralAssignment",
    "AZ": "CollateralResponse",
    "BA": "CollateralReport",
    "BB": "CollateralInquiry",
    "BC": "NetworkCounterpartySystemStatusRequest",
    "BD": "NetworkCounterpartySystemStatusResponse",
    "BE": "UserRequest",
    "BF": "UserResponse",
    "BG": "CollateralInquiryAck",
    "BH": "ConfirmationRequest",
}

DATA_BY_LENGTH: Final[dict[int, int]] = {
    90: 91,
    93: 89,
    95: 96,
    212: 213,
    348: 349,
    350: 351,
    352: 353,
    354: 355,
    356: 357,
    358: 359,
    360: 361,
    362: 363,
    364: 365,
    445: 446,
    618: 619,
    621: 622,
}
"""The tag of each length field, with the tag of the data field that it measures; data may hold any byte."""

DATA_TAGS: Final[frozenset[int]] = frozenset(DATA_BY_LENGTH.values())

HEADER_TAGS: Final[frozenset[int]] = frozenset(
    {8, 9, 34, 35, 43, 49, 50, 52, 56, 57, 90, 91, 97, 115, 116, 122, 128, 129, 142, 143, 144, 145, 212, 213, 347}
    | {369, 627, 628, 629, 630}
)
"""The fields that come before those of the body."""

HEADER_REQUIRED: Final[tuple[int, ...]] = (49, 56, 34, 52)
"""The fields that every message carries, beside the three it begins with and the CheckSum at its end."""

DEFINED_MAX: Final = 956
USER_DEFINED_MIN: Final = 5000
"""FIX 4.4 defines tags up to 956; from 5000 on a tag belongs to those who agreed on it; between them is nothing."""

ONCE_TAGS: Final[frozenset[int]] = frozenset(
    {8, 9, 10, 34, 35, 43, 49, 50, 52, 56, 57, 89, 90, 91, 93, 97, 115, 116, 122, 128, 129, 142, 143, 144, 145}
    | {212, 213, 347, 369}
)
"""The fields of header and trailer, which no message may repeat."""

ORDER_GROUPS: Final[dict[int, tuple[int, frozenset[int]]]] = {
    78: (79, frozenset({79, 80, 467, 524, 525, 538, 539, 545, 661, 736, 804, 805})),
    232: (233, frozenset({233, 234})),
    386: (336, frozenset({336, 625})),
    453: (448, frozenset({447, 448, 452, 523, 802, 803})),
    454: (455, frozenset({455, 456})),
    627: (628, frozenset({628, 629, 630})),
    711: (
        311,
        frozenset(
            {241, 242, 243, 244, 245, 246, 247, 256, *range(305, 319), *range(362, 366), 435, 436, *range(457, 460)}
        )
        | {462, 463, 542, *range(592, 596), 763, 810, 877, 878, 879, *range(882, 890), 941},
    ),
}
"""The repeating groups of a NewOrderSingle by their count: the field that opens an instance, and all it may hold."""

ORDER_VALUES: Final[dict[int, frozenset[str]]] = {
    tag: frozenset(values.split())
    for tag, values in {
        13: "1 2 3 4 5 6",
        21: "1 2 3",
        22: "1 2 3 4 5 6 7 8 9 A B C D E F G H I J",
        40: "1 2 3 4 6 7 8 9 D E G I J K L M P",
        43: "N Y",
        54: "1 2 3 4 5 6 7 8 9 A B C D E F G",
        59: "0 1 2 3 4 5 6 7",
        63: "0 1 2 3 4 5 6 7 8 9",
        77: "C F O R",
        97: "N Y",
        114: "N Y",
        121: "N Y",
        167: (
            "AN BA BN CB CD CL CP CS DN GO MF MT PN PS TD ABS BOX CMO CPP FAC FOR FUT IET LQN MBS MIO MPO MPP MPT "
            "MTN OPT PEF RAN REV STN TAN TBA UST WAR XCN YCD CMBS COFO COFP CORP DINP DUAL EUCD EUCP FADN LOFC "
            "MLEG NONE PZFJ REPO RVLV TAXA TCAL TECP TERM TINT TIPS TPRN TRAN USTB VRDN YANK BRADY EUSOV ONITE "
            "PFAND SPCLA SPCLO SPCLT SUPRA SWING TBILL TBOND TNOTE BRIDGE EUCORP STRUCT XLINKD AMENDED BUYSELL "
            "DEFLTED EUSUPRA FORWARD MATURED REPLACD RETIRED RVLVTRM SECLOAN WITHDRN SECPLEDGE"
        ),
        201: "0 1",
        203: "0 1",
        377: "N Y",
        423: "1 2 3 4 5 6 7 8 9 10 11",
        427: "0 1 2",
        460: "1 2 3 4 5 6 7 8 9 10 11 12 13",
        480: "M N O Y",
        481: "1 2 3 N Y",
        497: "N Y",
        528: "A G I P R W",
        544: "1 2 3",
        581: "1 2 3 4 6 7 8",
        582: "1 2 3 4",
        589: "0 1 2",
        590: "0 1 2",
        591: "0 1",
        635: "1 2 3 4 5 9 B C E F H I L M",
        660: "1 2 3 4 5 99",
        775: "0 1 2",
        788: "1 2 3 4",
        847: "1 2 3",
        854: "0 1",
        919: "0 1 2 3",
    }.items()
}
"""The values that FIX 4.4 allows in the enumerated fields of a NewOrderSingle."""

ORDER_MULTIPLE_VALUES: Final[dict[int, frozenset[str]]] = {
    tag: frozenset(values.split())
    for tag, values in {
        18: "0 1 2 3 4 5 6 7 8 9 A B C D E F G H I J K L M N O P Q R S U V W X Y Z a b c d e",
        529: "1 2 3 4 5 6 7 8 9 A",
    }.items()
}
"""The values that may be listed, with a space between them, in its fields of several values."""

NESTED_TAGS: Final[frozenset[int]] = frozenset(
    {458, 459, 523, 525, 538, 545, 756, 757, 758, 759, 802, 803, 804, 805, 806, 807, 888, 889}
)
"""Fields of groups within groups, which an instance of the outer group may repeat."""

MESSAGE_VERSIONS: Final[frozenset[str]] = frozenset({"FIX.4.2", "FIX.4.4"})
USER_MSG_TYPE_PREFIX: Final = "U"


def field_label(tag: int) -> str:
    """Name a field as people know it: `Price(44)`, or `tag 9999` when the dictionary does not know it."""
    name = FIELD_NAMES.get(tag)
    return f"{name}({tag})" if name else f"tag {tag}"


def message_label(msg_type: str) -> str:
    """Name a message by its MsgType(35): `ExecutionReport`, or `unknown message type 'zz'`."""
    return MESSAGE_NAMES.get(msg_type, f"unknown message type {msg_type!r}")
