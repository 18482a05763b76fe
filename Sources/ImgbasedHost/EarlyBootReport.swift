import FoundationEssentials
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// `/run/imgbased/boot.json`, as far as the host looks at it.
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

    /// What the initramfs left; `nil` where it was not ours.
    static func read() throws(HostFailure) -> EarlyBootReport? {
        let text: String
        do throws(SystemError) {
            text = try SmallFile.read("/run/imgbased/boot.json")
        } catch {
            // What is there says what runs, and so what must not be removed.
            if error.isMissing { return nil }
            throw .system(error)
        }
        return try? JSONDecoder().decode(EarlyBootReport.self, from: Data(text.utf8))
    }

    /// Whether `volume` is the layer that was booted.
    func names(_ volume: Volume) -> Bool {
        volume.name == layer && (volumeGroup == nil || volumeGroup == volume.path.group)
    }

    /// The same as a value.
    var value: HostStatus.EarlyBoot {
        HostStatus.EarlyBoot(
            layer: layer, mode: mode.flatMap(BootMode.init) ?? .readWrite, degraded: degraded,
            fallbacks: (fallbacks ?? []).map { SkippedLayer(layer: $0.layer, reason: $0.reason) })
    }
}
