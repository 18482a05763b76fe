import ImgbasedCore

/// The decision on one place, by its state in the old base, the administrator's layer and the new base.
///
/// A directory taken as a whole is decided like this too. Two directories have the same content if everything
/// in them is the same.
public struct CarryDecision: Hashable, Sendable {
    /// The source of the content.
    public enum Content: Hashable, Sendable {
        /// The place stays empty.
        case none
        /// The administrator's content.
        case ours
        /// The new base's content.
        case new
        /// The lines of both; `conflict` if they cannot be merged.
        case merged
    }

    /// The report's finding about the place.
    public struct Finding: Hashable, Sendable {
        /// The outcome at the place.
        public var outcome: CarryOutcome
        /// The details, in a few words.
        public var detail: String

        /// A finding with this outcome.
        public init(_ outcome: CarryOutcome, _ detail: String) {
            self.outcome = outcome
            self.detail = detail
        }
    }

    /// Which of the three trees have the same content and kind.
    public struct Sameness: Hashable, Sendable {
        /// The old base and the layer are the same: the administrator did not change it.
        public var baseAndOurs: Bool
        /// The old base and the new base are the same.
        public var baseAndNew: Bool
        /// The layer and the new base are the same.
        public var oursAndNew: Bool

        /// The result of the three comparisons.
        public init(baseAndOurs: Bool, baseAndNew: Bool, oursAndNew: Bool) {
            self.baseAndOurs = baseAndOurs
            self.baseAndNew = baseAndNew
            self.oursAndNew = oursAndNew
        }
    }

    /// The source of the content.
    public var content: Content
    /// The attributes; `nil` if the place stays empty.
    public var attributes: NodeAttributes?
    /// Whether the new base's version is put beside it.
    public var keepsNewBeside = false
    /// The finding for the report; `nil` if the administrator changed nothing.
    public var finding: Finding?

    /// Decides on one place; `nil` means nothing is there.
    public init(base: NodeFacts?, ours: NodeFacts?, new: NodeFacts?, _ same: Sameness) {
        switch (ours, new) {
        case (nil, nil): self.init(content: .none)
        case (nil, let new?): self.init(base: base, new: new, same)
        case (let ours?, nil): self.init(base: base, ours: ours, same)
        case (let ours?, let new?): self.init(base: base, ours: ours, new: new, same)
        }
    }

    private init(content: Content, _ attributes: NodeAttributes? = nil, _ finding: Finding? = nil) {
        self.content = content
        self.attributes = attributes
        self.finding = finding
    }

    /// The layer has nothing there.
    private init(base: NodeFacts?, new: NodeFacts, _ same: Sameness) {
        if base == nil {
            self.init(content: .new, new.attributes)
        } else if same.baseAndNew {
            self.init(content: .none, nil, Finding(.deleted, "stays deleted"))
        } else {
            let words = "deleted here and changed in the new base; stays deleted"
            self.init(content: .none, nil, Finding(.conflict, words))
            keepsNewBeside = true
        }
    }

    /// The new base has nothing there.
    private init(base: NodeFacts?, ours: NodeFacts, _ same: Sameness) {
        guard let base else {
            self.init(content: .ours, ours.attributes, Finding(.carried, "\(ours.kind.words), added"))
            return
        }
        if same.baseAndOurs, base.attributes.isSame(as: ours.attributes) {
            self.init(content: .none)
        } else {
            let words = "changed here and not in the new base any more; kept"
            self.init(content: .ours, ours.attributes, Finding(.conflict, words))
        }
    }

    /// Both have something there.
    private init(base: NodeFacts?, ours: NodeFacts, new: NodeFacts, _ same: Sameness) {
        let isOfOneKind = CarryDecision.isOfOneKind(ours, new)
        let attributes = AttributeMerge(base: base?.attributes, ours: ours.attributes, new: new.attributes)
        let isUntouched = base.map { $0.attributes.isSame(as: ours.attributes) } ?? false
        if same.oursAndNew || base != nil && same.baseAndOurs && (isOfOneKind || isUntouched) {
            self.init(content: .new, isOfOneKind ? attributes.attributes : new.attributes)
            if isOfOneKind { note(attributes) }
        } else if base != nil, same.baseAndNew {
            let carried = Finding(.carried, "\(ours.kind.words), changed")
            self.init(content: .ours, isOfOneKind ? attributes.attributes : ours.attributes, carried)
            if isOfOneKind, !attributes.conflicts.isEmpty { note(attributes) }
        } else if let base, base.isFile, ours.isFile, new.isFile {
            self.init(content: .merged, attributes.attributes, Finding(.merged, "lines of both"))
            if !attributes.conflicts.isEmpty { note(attributes) }
        } else {
            self = .conflict(base: base, ours: ours, new: new)
        }
        self.attributes?.modified = CarryDecision.time(
            content, base?.attributes.modified, ours.attributes.modified, new.attributes.modified,
            isSame: same.baseAndOurs && same.baseAndNew)
    }

    /// The decision if both changed the place and cannot be merged.
    ///
    /// The attributes of one kind of node are merged all the same: a mode that only the new base tightened is
    /// no part of the conflict.
    public static func conflict(base: NodeFacts?, ours: NodeFacts, new: NodeFacts) -> CarryDecision {
        let words: String =
            if ours.isFile, new.isFile {
                base == nil ? "added here and in the new base" : "changed here and in the new base"
            } else {
                "\(ours.kind.words) here and \(new.kind.words) in the new base"
            }
        var decision = CarryDecision(
            content: .ours, ours.attributes, Finding(.conflict, "\(words); this one stays"))
        decision.keepsNewBeside = true
        if CarryDecision.isOfOneKind(ours, new) {
            let merge = AttributeMerge(
                base: base?.attributes, ours: ours.attributes, new: new.attributes)
            decision.attributes = merge.attributes
            decision.attributes?.modified = ours.attributes.modified
            if !merge.conflicts.isEmpty { decision.note(merge) }
        }
        return decision
    }

    private static func isOfOneKind(_ ours: NodeFacts, _ new: NodeFacts) -> Bool {
        ours.isFile ? new.isFile : !new.isFile && ours.kind.words == new.kind.words
    }

    private mutating func note(_ merge: AttributeMerge) {
        if !merge.conflicts.isEmpty {
            let content = finding.map { $0.detail + "; " } ?? ""
            finding = Finding(.conflict, content + "stays: " + merge.conflicts.joined(separator: "; "))
        } else if !merge.kept.isEmpty {
            finding = Finding(.carried, merge.kept.joined(separator: ", "))
        }
    }

    /// The time goes with the content. Unchanged content has the time of the side that set it.
    private static func time(
        _ content: Content, _ base: FileTime?, _ ours: FileTime, _ new: FileTime, isSame: Bool
    ) -> FileTime {
        switch content {
        case .ours: ours
        case .merged: max(ours, new)
        case .new, .none: isSame && base != ours ? ours : new
        }
    }

    /// The attributes of a directory that both sides or only the layer have, and the finding.
    static func directory(base: NodeFacts?, ours: NodeFacts, new: NodeFacts?) -> (NodeAttributes, Finding?) {
        guard let new else { return (ours.attributes, nil) }
        var decision = CarryDecision(content: .new, new.attributes)
        let merge = AttributeMerge(base: base?.attributes, ours: ours.attributes, new: new.attributes)
        decision.note(merge)
        var attributes = merge.attributes
        let times = (base?.attributes.modified, ours.attributes.modified, new.attributes.modified)
        attributes.modified =
            times.0 == times.1 ? times.2 : times.0 == times.2 ? times.1 : max(times.1, times.2)
        return (attributes, decision.finding)
    }
}
