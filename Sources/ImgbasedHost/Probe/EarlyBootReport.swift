import FoundationEssentials
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// The part of `/run/imgbased/boot.json` that the host reads.
struct EarlyBootReport: Decodable {
    private struct Fallback: Decodable {
        var layer: String
        var reason: String
    }

    private var layer: String
    private var volumeGroup: String?
    private var mode: String?
    private var degraded: String?
    private var fallbacks: [Fallback]?

    /// Reads the report of the initramfs; `nil` if the initramfs was not ours.
    static func read() throws(HostFailure) -> EarlyBootReport? {
        let text: String
        do throws(SystemError) {
            text = try SmallFile.read("/run/imgbased/boot.json")
        } catch {
            // Only a missing file may be ignored: the report says what runs and must not be removed.
            if error.isMissing { return nil }
            throw .system(error)
        }
        return try? JSONDecoder().decode(EarlyBootReport.self, from: Data(text.utf8))
    }

    /// Whether `volume` is the booted layer.
    func names(_ volume: Volume) -> Bool {
        volume.name == layer && (volumeGroup == nil || volumeGroup == volume.path.group)
    }

    /// The report as a value of the core.
    var value: HostStatus.EarlyBoot {
        HostStatus.EarlyBoot(
            layer: layer, mode: mode.flatMap(BootMode.init) ?? .readWrite, degraded: degraded,
            fallbacks: (fallbacks ?? []).map { SkippedLayer(layer: $0.layer, reason: $0.reason) })
    }
}
