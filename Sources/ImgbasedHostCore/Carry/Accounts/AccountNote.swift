import ImgbasedCore

/// What the administrator should know about merged accounts.
public enum AccountNote: Hashable, Sendable {
    /// The new base dropped the account; it is kept, since files may belong to it.
    case kept(AccountFile, name: [UInt8])
    /// The administrator removed the account; the new base still has it.
    case staysRemoved(AccountFile, name: [UInt8])
    /// The administrator removed the file; the new base still has it.
    case fileStaysRemoved(AccountFile)
    /// The new base has another id for the account.
    case idKept(AccountFile, name: [UInt8], id: UInt32, theirs: UInt32)
    /// Only the new base has the account, and its id there was another's here.
    case newID(AccountFile, name: [UInt8], id: UInt32, theirs: UInt32)
    /// An id of the new base's files, without a name here, was another's here.
    case namelessID(AccountFile, id: UInt32, theirs: UInt32)
    /// Names with one id in the new base have several here.
    case sharedID(AccountFile, theirs: UInt32, id: UInt32)
    /// Only the new base has the account, and no id is left.
    case noFreeID(AccountFile, name: [UInt8])
    /// The new base changed this field, and the one here is kept.
    ///
    /// It is the administrator's, or the group, which is an id.
    case fieldKept(AccountFile, name: [UInt8], field: String)
    /// The account was locked; with the new base it has a password, or needs none.
    case unlocked(name: [UInt8])
    /// A line of the new base is left out: it is no entry, or the second of a name.
    case leftOut(AccountFile, Line)
    /// The new base has other ranges for the owner; those here are kept.
    case rangesKept(AccountFile, name: [UInt8])
    /// The owner's range in the new base was another's here.
    ///
    /// Files of the new base with ids in that range keep them.
    case rangeMoved(AccountFile, name: [UInt8], start: UInt32, theirs: UInt32)

    /// A line of a file. Its content is not shown: it may be a password.
    public struct Line: Hashable, Sendable {
        /// The number of the line, from 1.
        public var number: Int
        /// The name of its entry; `nil` if it is none: half of one may begin with anything.
        public var name: [UInt8]?
    }
}

extension AccountNote: CustomStringConvertible {
    /// The note in one line.
    public var description: String {
        switch self {
        case .kept(let file, let name):
            "\(AccountNote.what(file, name)) is not in the new base any more; it is kept, since files may belong to it"
        case .staysRemoved(let file, let name):
            "\(AccountNote.what(file, name)) was removed here and stays removed; the new base has it"
        case .fileStaysRemoved(let file):
            "'/etc/\(file.rawValue)' was removed here and stays removed; the new base has it"
        case .idKept(let file, let name, let id, let theirs):
            "\(AccountNote.what(file, name)) keeps its id \(id); files of the new base, which has \(theirs), get it"
        case .newID(let file, let name, let id, let theirs):
            "\(AccountNote.what(file, name)) is new and gets the id \(id); its id \(theirs) of the new base belongs or "
                + "belonged to another here"
        case .namelessID(let file, let id, let theirs):
            "files of the new base with the \(AccountNote.kind(file)) id \(theirs), which belongs or belonged to another here, "
                + "get \(id)"
        case .sharedID(let file, let theirs, let id):
            "the \(AccountNote.kind(file)) id \(theirs) has several names in the new base, and they have several ids "
                + "here; its files get \(id)"
        case .noFreeID(let file, let name):
            "\(AccountNote.what(file, name)) of the new base is left out: no id is free"
        case .fieldKept(let file, let name, let field):
            "\(AccountNote.what(file, name)): the \(field) differs in the new base; the one here is kept"
        case .unlocked(let name):
            "\(AccountNote.what(.passwd, name)) was locked here; the new base unlocks it"
        case .leftOut(let file, let line):
            "'/etc/\(file.rawValue)': line \(line.number) of the new base is left out"
                + (line.name.map { ": '\(EscapedText.escaped($0))'" } ?? "")
        case .rangesKept(let file, let name):
            "'/etc/\(file.rawValue)': '\(EscapedText.escaped(name))' has other ranges in the new base; those here stay"
        case .rangeMoved(let file, let name, let start, let theirs):
            "'/etc/\(file.rawValue)': '\(EscapedText.escaped(name))' is new and its range begins at \(start); "
                + "\(theirs), as in the new base, is taken here"
        }
    }

    private static func kind(_ file: AccountFile) -> String {
        switch file {
        case .passwd, .shadow, .subuid: "user"
        case .group, .gshadow, .subgid: "group"
        }
    }

    private static func what(_ file: AccountFile, _ name: [UInt8]) -> String {
        "\(kind(file)) '\(EscapedText.escaped(name))'"
    }
}
