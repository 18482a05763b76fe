import ImgbasedCore
import ImgbasedHostCore

/// The account files of a tree, as text.
typealias AccountFiles = [AccountFile: String]

extension AccountMerge {
    init(_ base: AccountFiles, _ ours: AccountFiles, _ theirs: AccountFiles) {
        self.init(
            base: base.mapValues { bytes($0) }, ours: ours.mapValues { bytes($0) },
            theirs: theirs.mapValues { bytes($0) })
    }

    func contents(_ file: AccountFile) -> String? {
        text(files[file])
    }
}

/// `passwd` with an entry for each `NAME:ID` in `accounts`, all in group 0.
func passwd(_ accounts: String) -> String {
    accounts.split(separator: " ").map { account in
        let id = account.split(separator: ":").last ?? ""
        let name = account.split(separator: ":").first ?? ""
        return "\(name):x:\(id):0::/:/bin/sh\n"
    }.joined()
}

/// `group` with an entry for each `NAME:ID` or `NAME:ID:MEMBERS` in `groups`.
func group(_ groups: String) -> String {
    groups.split(separator: " ").map { group in
        let fields = group.split(separator: ":", omittingEmptySubsequences: false)
        return "\(fields[0]):x:\(fields[1]):\(fields.count > 2 ? fields[2] : "")\n"
    }.joined()
}

/// `shadow` with an entry for each `NAME:PASSWORD` in `passwords`, set on day 19000.
func shadow(_ passwords: String) -> String {
    passwords.split(separator: " ").map { "\($0):19000:0:99999:7:::\n" }.joined()
}
