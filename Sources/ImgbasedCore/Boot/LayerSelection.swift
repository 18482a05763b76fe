/// Why no layer could be chosen.
public struct SelectionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence without a full stop.
    public let reason: String

    /// The same as `reason`.
    public var description: String {
        reason
    }
}

/// A layer that was requested and not booted.
public struct SkippedLayer: Hashable, Sendable {
    /// The layer as it was requested.
    public let layer: String
    /// Why it was skipped, one sentence without a full stop.
    public let reason: String

    /// Records that `layer` was skipped because of `reason`.
    public init(layer: String, reason: String) {
        self.layer = layer
        self.reason = reason
    }
}

/// The layer to boot.
public struct LayerSelection: Hashable, Sendable {
    /// The name of the volume.
    public let volume: String
    /// The base of the layer; `nil` for a volume that is not a layer of ours.
    public let base: String?
    /// The argument that selected it, as it would be typed.
    public let chosenBy: String
    /// The layers tried before it and skipped.
    public let fallbacks: [SkippedLayer]

    private let candidates: ArraySlice<Candidate>
    private let catalog: LayerCatalog

    private struct Candidate: Hashable {
        let layer: LayerRequest
        let source: String
    }

    /// Chooses the layer for `request` in `group`.
    ///
    /// `previous` is relative to `defaultLayer` or, if that is not given, to `latest`.
    ///
    /// - Throws: why none of the requested layers exists.
    public init(
        _ request: BootRequest, in group: VolumeGroup, defaultLayer: String? = nil
    ) throws(SelectionError) {
        let first = Candidate(layer: request.layer, source: request.layerSource)
        let rest = request.fallback.map { Candidate(layer: $0, source: "rd.imgbased.fallback=\($0)") }
        let catalog = LayerCatalog(
            group, namesVolumes: request.namesVolumes, defaultLayer: defaultLayer)
        try self.init(([first] + rest)[...], in: catalog, skipped: [])
    }

    /// The next choice, after this one failed because of `reason`.
    ///
    /// - Throws: why no choice is left.
    public func next(after reason: String) throws(SelectionError) -> LayerSelection {
        let failed = SkippedLayer(layer: volume, reason: reason)
        return try LayerSelection(candidates, in: catalog, skipped: fallbacks + [failed])
    }

    private init(
        _ candidates: ArraySlice<Candidate>, in catalog: LayerCatalog, skipped: [SkippedLayer]
    ) throws(SelectionError) {
        var skipped = skipped
        for index in candidates.indices {
            let candidate = candidates[index]
            do throws(SelectionError) {
                let volume = try catalog.volume(for: candidate.layer)
                // One attempt is enough: a layer that failed would fail again.
                if skipped.contains(where: { $0.layer == volume.name }) { continue }
                self.volume = volume.name
                base = catalog.base(of: volume)
                chosenBy = candidate.source
                fallbacks = skipped
                self.candidates = candidates[(index + 1)...]
                self.catalog = catalog
                return
            } catch {
                skipped.append(SkippedLayer(layer: candidate.layer.description, reason: error.reason))
            }
        }
        let reasons = skipped.map { $0.reason }
        throw SelectionError(
            reason: reasons.isEmpty ? "no layer was asked for" : reasons.joined(separator: "; "))
    }
}
