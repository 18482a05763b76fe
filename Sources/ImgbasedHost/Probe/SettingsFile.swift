import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

extension Settings {
    private static let limit = 1 << 20

    /// The settings of this host; the defaults if the file is missing.
    public static func read(_ path: String = Settings.path) throws(HostFailure) -> Settings {
        let bytes = try calling(ConfinedTree("/").read(path, limit: limit))
        do throws(SettingsError) {
            return try Settings(String(decoding: bytes ?? [], as: UTF8.self), path: path)
        } catch {
            throw .contents(.badSettings(error))
        }
    }
}
